// Three keys, one of them in the future: hidden before the softmax, after it, or not at all.
import { axisY, frame, label, number, scale, svg } from "./frame.js";

export function values({ scores, mask }) {
  const seen = scores.map((score, i) => (mask === "before" && i === 2 ? -Infinity : score));
  const most = Math.max(...seen);
  const raised = seen.map((score) => Math.exp(score - most));
  const total = raised.reduce((sum, r) => sum + r, 0);
  const weights = raised.map((r, i) => (mask === "after" && i === 2 ? 0 : r / total));
  return { weights, sum: weights.reduce((sum, w) => sum + w, 0) };
}

const KEYS = ["key 1", "key 2", "key 3"];

export function mount(root, settings) {
  const y = scale([0, 1], [250, 34]);
  const now = (s) => values({ scores: KEYS.map((key) => s[key]), mask: s.mask });
  const start = { mask: settings.mask, ...Object.fromEntries(settings.scores.map((score, i) => [KEYS[i], score])) };

  return frame(root, start, {
    width: 600,
    height: 300,
    title: "Where the mask goes",
    controls: {
      mask: { label: "key 3 is the future; it is", options: { none: "seen", before: "hidden before the softmax", after: "hidden after the softmax" } },
      ...Object.fromEntries(KEYS.map((key) => [key, { label: `score of ${key}`, min: -3, max: 3, step: 0.5, format: (v) => number(v, 1) }])),
    },
    draw: (s) => {
      const { weights, sum } = now(s);
      const bar = (left, value, kind, name) => [
        svg("rect", { x: left, width: 80, y: y(value), height: y(0) - y(value), class: kind }),
        label(number(value), left + 40, y(value) - 7),
        label(name, left + 40, 272),
      ];
      return [
        ...weights.flatMap((w, i) => bar(90 + 110 * i, w, i === 2 && s.mask === "none" ? "extra" : "model", KEYS[i])),
        ...bar(480, sum, Math.abs(sum - 1) < 1e-12 ? "model" : "extra", "sum"),
        svg("line", { x1: 70, x2: 580, y1: y(1), y2: y(1), class: "ring" }),
        axisY(y, [0, 0.5, 1], 70, "weight"),
      ];
    },
    say: (s) => {
      const { weights, sum } = now(s);
      const what = `Weights ${weights.map((w) => number(w)).join(", ")}, sum ${number(sum)}.`;
      if (s.mask === "none") {
        return `${what} The prediction looks at what it is to predict.`;
      }
      return s.mask === "before"
        ? `${what} Key 3's score has no effect, and the others share all of the weight.`
        : `${what} Key 3 gives no value, but its score still decides how much the others give.`;
    },
  });
}
