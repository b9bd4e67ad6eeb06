// A hundred coins with heads at one in ten: the likeliest outcome is the strange one.
import { axisX, axisY, frame, label, number, scale, svg } from "./frame.js";

/** For k heads: surprise in bits of one such outcome and probability of the k; then what the rule flags. */
export function values({ coins, heads, rule, threshold }) {
  const tails = 1 - heads;
  const surprise = [];
  const probability = [];
  let log_choose = 0;
  for (let k = 0; k <= coins; k++) {
    const bits = -(k * Math.log2(heads) + (coins - k) * Math.log2(tails));
    surprise.push(bits);
    probability.push(2 ** (log_choose - bits));
    log_choose += Math.log2((coins - k) / (k + 1));
  }
  const entropy = -coins * (heads * Math.log2(heads) + tails * Math.log2(tails));
  const flagged = surprise.map((bits) => (rule === "unlikely" ? bits > threshold : Math.abs(bits - entropy) > threshold));
  const false_alarms = probability.reduce((sum, p, k) => sum + (flagged[k] ? p : 0), 0);
  return { surprise, probability, entropy, flagged, false_alarms, mode_flagged: flagged[0] };
}

export function mount(root, settings) {
  const x = scale([0, 100], [70, 570]);
  const y = scale([0, 0.14], [270, 20]);
  return frame(root, settings, {
    width: 600,
    height: 330,
    title: "A hundred coins and a threshold",
    controls: {
      rule: { label: "flag an outcome", options: { unlikely: "of more bits than the threshold", atypical: "that is farther from the average than the threshold" } },
      threshold: { label: "threshold in bits", min: 0, max: 100, step: 1 },
    },
    draw: (s) => {
      const v = values(s);
      return [
        ...v.surprise.flatMap((bits, k) =>
          bits > 100
            ? []
            : [svg("rect", { x: x(bits) - 5, width: 10, y: y(v.probability[k]), height: y(0) - y(v.probability[k]), class: v.flagged[k] ? "extra" : "model" })],
        ),
        svg("circle", { cx: x(v.surprise[0]), cy: y(0) - 8, r: 6, class: v.mode_flagged ? "extra" : "model" }),
        label("all tails", x(v.surprise[0]), y(0) - 22),
        svg("line", { x1: x(v.entropy), x2: x(v.entropy), y1: 20, y2: 270, class: "data stroke thin" }),
        label("average", x(v.entropy) + 6, 32, { class: "data", "text-anchor": "start" }),
        axisX(x, [0, 20, 40, 60, 80, 100], 272, "surprise of an outcome, bits"),
        axisY(y, [0, 0.1], 62, "probability"),
      ];
    },
    say: (s) => {
      const v = values(s);
      return (
        `${number(100 * v.false_alarms, 1)}% of honest draws are flagged; all tails, the likeliest outcome (${number(v.surprise[0], 1)} bits ` +
        `where the average draw costs ${number(v.entropy, 1)}), is ${v.mode_flagged ? "flagged" : "not flagged"}.`
      );
    },
  });
}
