// Four symbols coded with a belief q: the picture's area is the cross-entropy, in bits.
import { axisX, axisY, frame, label, number, scale, svg } from "./frame.js";

export function values({ p, weights }) {
  const total = weights.reduce((sum, w) => sum + w, 0);
  const q = weights.map((w) => w / total);
  const sum = (term) => p.reduce((so_far, _, i) => so_far + term(i), 0);
  const entropy = sum((i) => -p[i] * Math.log2(p[i]));
  const cross_entropy = sum((i) => -p[i] * Math.log2(q[i]));
  return { q, entropy, cross_entropy, kl: cross_entropy - entropy };
}

const LETTERS = ["a", "b", "c", "d"];

export function mount(root, settings) {
  const start = { ...settings, ...Object.fromEntries(settings.weights.map((w, i) => [LETTERS[i], w])) };
  const now = (s) => values({ p: s.p, weights: LETTERS.map((letter) => s[letter]) });
  const x = scale([0, 1], [70, 570]);
  const y = scale([0, 5], [300, 20]);

  function draw(s) {
    const { q } = now(s);
    const parts = [];
    let left = 0;
    s.p.forEach((p, i) => {
      const [mine, right] = [Math.min(-Math.log2(q[i]), 5.4), -Math.log2(p)];
      const [x0, width] = [x(left) + 1, x(left + p) - x(left) - 2];
      const box = (from, to, attributes) =>
        svg("rect", { x: x0, width, y: y(to), height: Math.max(0, y(from) - y(to)), ...attributes });
      parts.push(box(0, Math.min(mine, right), { class: "model" }));
      if (mine > right) {
        parts.push(box(right, mine, { class: "extra" }));
      } else {
        parts.push(box(mine, right, { class: "outline" }));
      }
      parts.push(svg("line", { x1: x0, x2: x0 + width, y1: y(right), y2: y(right), class: "data stroke" }));
      parts.push(label(LETTERS[i], x0 + width / 2, y(0) - 8, { class: "on-model" }));
      left += p;
    });
    return [
      ...parts,
      axisX(x, [0, 0.5, 0.75, 0.875, 1], 305, "probability under p (cumulative)", (v) => (v === 0.875 ? "" : v)),
      axisY(y, [0, 1, 2, 3, 4, 5], 62, "bits"),
    ];
  }

  return frame(root, start, {
    width: 600,
    height: 350,
    title: "Code lengths under a belief q",
    controls: Object.fromEntries(
      LETTERS.map((letter) => [letter, { label: `weight of ${letter}`, min: 1, max: 16, step: 1 }]),
    ),
    draw,
    say: (s) => {
      const v = now(s);
      return (
        `You believe q = (${v.q.map((part) => number(part, 3)).join(", ")}) and pay ${number(v.cross_entropy)} bits a symbol; ` +
        `the right belief pays ${number(v.entropy)}. Extra: ${number(v.kl)} bits.` +
        (v.kl < 1e-9 ? " You found it: q = p." : "")
      );
    },
  });
}
