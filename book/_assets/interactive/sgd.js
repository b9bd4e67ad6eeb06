// Gradient descent in a bowl with curvatures 1 and 10, with the noise that a mini-batch brings.
import { frame, label, line, number, scale, svg } from "./frame.js";

const CURVATURES = [1, 10];
const STEPS = 40;

/** Normal numbers from a seed: mulberry32 and Box and Muller's method. */
function normals(seed) {
  let state = seed;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** The path from (1, 1), its loss, and the loss at which noise of variance 1/batch holds it in the long run. */
export function values({ lr, batch, steps = STEPS, seed = 1 }) {
  const noise = normals(seed);
  const exact = batch === "all";
  const path = [[1, 1]];
  for (let t = 0; t < steps; t++) {
    path.push(path[t].map((w, i) => w - lr * (CURVATURES[i] * w + (exact ? 0 : noise() / Math.sqrt(Number(batch))))));
  }
  const loss = path.map((w) => 0.5 * CURVATURES.reduce((sum, c, i) => sum + c * w[i] ** 2, 0));
  const floor = CURVATURES.map((c) => (lr * c < 2 ? lr / (exact ? Infinity : Number(batch)) / (2 * (2 - lr * c)) : Infinity));
  return { path, loss, floor: floor[0] + floor[1] };
}

export function mount(root, settings) {
  const [x, y] = [scale([-1.6, 1.6], [20, 420]), scale([-1.6, 1.6], [320, 20])];
  const time = scale([0, STEPS], [500, 690]);
  const height = scale([-4, 2], [290, 30]);
  const log = (v) => Math.min(2.2, Math.max(-4, Math.log10(v)));

  return frame(root, settings, {
    width: 710,
    height: 345,
    title: "Gradient descent with curvatures 1 and 10",
    controls: {
      lr: { label: "learning rate", min: 0.01, max: 0.24, step: 0.01, format: (v) => v.toFixed(2) },
      batch: { label: "examples in a gradient", options: { all: "all", 100: "100", 10: "10", 1: "1" } },
    },
    draw: (s) => {
      const v = values(s);
      const inside = v.path.map((w) => w.map((c) => Math.max(-1.6, Math.min(1.6, c))));
      const rings = [0.05, 0.3, 1, 2.5, 5.5].map((level) =>
        svg("ellipse", {
          cx: x(0), cy: y(0), rx: x(Math.sqrt(2 * level)) - x(0), ry: y(0) - y(Math.sqrt((2 * level) / 10)), class: "ring",
        }),
      );
      const clip = svg("clipPath", { id: "bowl" }, svg("rect", { x: 20, y: 20, width: 400, height: 300 }));
      return [
        clip,
        svg("g", { "clip-path": "url(#bowl)" }, ...rings),
        line(inside.map(([a, b]) => [x(a), y(b)]), { class: "model stroke thin" }),
        ...inside.map(([a, b]) => svg("circle", { cx: x(a), cy: y(b), r: 3, class: "model" })),
        label("curvature 1", x(0), 340),
        label("curvature 10", 12, y(0), { transform: `rotate(-90 12 ${y(0)})` }),
        line(v.loss.map((l, t) => [time(t), height(log(l))]), { class: "model stroke" }),
        ...(v.floor > 0 && Number.isFinite(v.floor)
          ? [svg("line", { x1: time(0), x2: time(STEPS), y1: height(log(v.floor)), y2: height(log(v.floor)), class: "extra stroke thin", "stroke-dasharray": "5 4" })]
          : []),
        svg("g", { class: "axis" }, svg("line", { x1: 500, x2: 500, y1: 30, y2: 290 }), svg("line", { x1: 500, x2: 690, y1: 290, y2: 290 })),
        ...[-4, -2, 0, 2].map((e) => label(`10${["⁻⁴", "⁻²", "⁰", "²"][[-4, -2, 0, 2].indexOf(e)]}`, 494, height(e) + 5, { "text-anchor": "end" })),
        label("loss", 595, 22),
        label(`${STEPS} updates`, 595, 312),
      ];
    },
    say: (s) => {
      const v = values(s);
      const last = v.loss[v.loss.length - 1];
      const steep = s.lr * CURVATURES[1];
      const fate =
        steep > 2 + 1e-9
          ? "each update overshoots the steep direction by more than it gained: it diverges"
          : Math.abs(steep - 2) < 1e-9
            ? "the steep direction jumps from wall to wall for ever"
            : s.batch === "all"
              ? "it converges"
              : `noise keeps it, in the long run, at a loss near ${number(v.floor, 4)}`;
      return `Learning rate ${number(s.lr)}: after ${STEPS} updates the loss is ${last > 1e6 ? "beyond a million" : number(last, 4)}; ${fate}.`;
    },
  });
}
