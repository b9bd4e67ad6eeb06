// Bigram counts of 'abracadabra', with a constant added to each: what the text itself costs, and what 'abba' does.
import { axisX, axisY, frame, label, line, number, scale, svg } from "./frame.js";

/** Bits of each letter of a word under the smoothed bigrams of a text; the first letter's row has one count. */
export function values({ text, word, smoothing }) {
  const letters = [...new Set(text)].sort();
  const follows = (before, letter) => {
    let count = 0;
    for (let i = 1; i < text.length; i++) {
      count += text[i - 1] === before && text[i] === letter;
    }
    return count;
  };
  const row = (i, w) => letters.map((letter) => (i === 0 ? Number(text[0] === letter) : follows(w[i - 1], letter)));
  const bits = (w) =>
    [...w].map((letter, i) => {
      const counts = row(i, w);
      const total = counts.reduce((sum, c) => sum + c, 0) + smoothing * letters.length;
      return -Math.log2((counts[letters.indexOf(letter)] + smoothing) / total);
    });
  const mean = (each) => each.reduce((sum, b) => sum + b, 0) / each.length;
  return { word: bits(word), text_mean: mean(bits(text)), word_mean: mean(bits(word)) };
}

export function mount(root, settings) {
  // The knob moves over 0 and 0.001 to 10 in equal factors.
  const amount = (knob) => (knob === 0 ? 0 : 10 ** (-3 + (4 * (knob - 1)) / 40));
  const at = (s) => values({ ...s, smoothing: amount(s.knob) });
  const x = scale([-3, 41], [70, 570]);
  const y = scale([0, 8], [270, 20]);
  const place = (knob) => x(knob === 0 ? -3 : knob);
  const knobs = Array.from({ length: 41 }, (_, i) => i + 1);
  const every = knobs.map((knob) => [knob, values({ ...settings, smoothing: amount(knob) })]);
  const path = (of) => line(every.map(([knob, v]) => [x(knob), y(Math.min(of(v), 8))]), {});

  return frame(root, { ...settings, knob: 0 }, {
    width: 600,
    height: 330,
    title: "Smoothed bigram counts of abracadabra",
    controls: { knob: { label: "added to each count", min: 0, max: 41, step: 1, format: (k) => number(amount(k), 3) } },
    draw: (s) => {
      const v = at(s);
      const [text, word] = [path((e) => e.text_mean), path((e) => e.word_mean)];
      text.setAttribute("class", "data stroke");
      word.setAttribute("class", "heldout stroke");
      const dot = (value, kind) =>
        Number.isFinite(value)
          ? svg("circle", { cx: place(s.knob), cy: y(Math.min(value, 8)), r: 6, class: kind })
          : label("∞", place(s.knob), 34, { class: kind, "font-size": 26 });
      return [
        text,
        word,
        dot(v.text_mean, "data"),
        dot(v.word_mean, "heldout"),
        label(settings.word, x(8), 60, { class: "heldout" }),
        label(settings.text, x(8), y(1) + 30, { class: "data" }),
        axisX(place, [0, 1, 11, 21, 31, 41], 272, "added to each count", (k) => String(Number(amount(k).toPrecision(1)))),
        axisY(y, [0, 2, 4, 6, 8], 62, "bits a letter"),
      ];
    },
    say: (s) => {
      const v = at(s);
      const each = [...settings.word].map((letter, i) => `${letter} ${number(v.word[i])}`).join(", ");
      return (
        `'${settings.word}' costs ${number(v.word_mean)} bits a letter (${each}); ` +
        `'${settings.text}', which was counted, ${number(v.text_mean)}.`
      );
    },
  });
}
