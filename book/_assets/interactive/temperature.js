// A tree of two steps in which the likelier first step leads away from the likeliest sequence.
import { axisY, frame, label, number, scale, svg } from "./frame.js";

const temper = (p, T) => {
  const most = Math.max(...p);
  const raised = p.map((v) => (v / most) ** (1 / T));
  const total = raised.reduce((sum, v) => sum + v, 0);
  return raised.map((v) => v / total);
};

/** Probabilities of the sequences: of the model, tempered at each step, and tempered as a whole. */
export function values({ first, second, temperature: T }) {
  const sequences = (one, two) => one.flatMap((p, i) => two[i].map((q) => p * q));
  const model = sequences(first, second);
  return {
    model,
    each_step: sequences(temper(first, T), second.map((row) => temper(row, T))),
    whole: temper(model, T),
  };
}

export function mount(root, settings) {
  const names = settings.second.flatMap((row, i) => row.map((_, j) => "AB"[i] + "xyz"[j]));
  const y = scale([0, 1], [250, 20]);
  return frame(root, settings, {
    width: 600,
    height: 360,
    title: "Temperature in a tree of two steps",
    controls: { temperature: { label: "temperature", min: 0.1, max: 2, step: 0.1, format: (v) => v.toFixed(1) } },
    draw: (s) => {
      const v = values(s);
      const wide = 510 / names.length;
      return [
        ...names.flatMap((name, i) => {
          const left = 80 + wide * i;
          const bar = (k, value, kind) =>
            svg("rect", { x: left + k * (wide / 3.6), width: wide / 3.9, y: y(value), height: y(0) - y(value), class: kind });
          return [
            bar(0, v.model[i], "model"),
            bar(1, v.each_step[i], "extra"),
            bar(2, v.whole[i], "outline"),
            label(name, left + wide * 0.42, 272),
          ];
        }),
        axisY(y, [0, 0.5, 1], 70, "probability"),
        ...[["model", "the model"], ["extra", "each step tempered"], ["outline", "whole sequence tempered"]].flatMap(([kind, words], i) => [
          svg("rect", { x: 85, y: 286 + 24 * i, width: 16, height: 16, class: kind }),
          label(words, 110, 300 + 24 * i, { "text-anchor": "start" }),
        ]),
      ];
    },
    say: (s) => {
      const v = values(s);
      const best = v.model.indexOf(Math.max(...v.model));
      const top = v.each_step.indexOf(Math.max(...v.each_step));
      return (
        `At temperature ${number(s.temperature, 1)}, tempering each step draws ${names[top]} most often (${number(v.each_step[top])}), ` +
        `and ${names[best]}, the model's likeliest sequence, with probability ${number(v.each_step[best])}; ` +
        `tempering whole sequences draws ${names[best]} with ${number(v.whole[best])}.`
      );
    },
  });
}
