// A message is an interval of the numbers from 0 to 1; each letter keeps its share of it.
import { frame, html, label, number, svg } from "./frame.js";

/** The interval of a message, its surprise in bits, and the shortest binary fraction whose whole cell lies inside. */
export function values({ letters, p, message }) {
  let [low, width] = [0, 1];
  const stages = [[low, width]];
  for (const letter of message) {
    const k = letters.indexOf(letter);
    low += width * p.slice(0, k).reduce((sum, v) => sum + v, 0);
    width *= p[k];
    stages.push([low, width]);
  }
  let bits = 0;
  while (Math.ceil(low * 2 ** bits) + 1 > (low + width) * 2 ** bits + 1e-12) {
    bits += 1;
  }
  const code = bits ? Math.ceil(low * 2 ** bits).toString(2).padStart(bits, "0") : "";
  return { low, width, stages, surprise: -Math.log2(width), code };
}

export function mount(root, settings) {
  const update = frame(root, settings, {
    width: 600,
    height: 320,
    title: "The interval of a message",
    controls: {},
    draw: (s) => {
      const v = values(s);
      const shown = v.stages.slice(-5);
      const before = v.stages.length - shown.length;
      return shown.flatMap(([low, width], row) => {
        const y = 14 + row * 60;
        const next = s.message[before + row];
        let left = 0;
        const boxes = s.letters.flatMap((letter, k) => {
          const [x0, wide] = [60 + 520 * left, 520 * s.p[k]];
          left += s.p[k];
          return [
            svg("rect", { x: x0 + 1, y, width: wide - 2, height: 30, class: letter === next ? "model" : "outline" }),
            label(letter, x0 + wide / 2, y + 21, letter === next ? { class: "on-model" } : {}),
          ];
        });
        const written = s.message.slice(0, before + row) || "start";
        return [
          label(written.length > 6 ? `…${written.slice(-5)}` : written, 50, y + 20, { "text-anchor": "end" }),
          ...boxes,
          label(number(low, 5), 60, y + 46, { "text-anchor": "start", class: "small" }),
          label(number(low + width, 5), 580, y + 46, { "text-anchor": "end", class: "small" }),
        ];
      });
    },
    say: (s) => {
      const v = values(s);
      return (
        `'${s.message}' is the interval from ${number(v.low, 6)} to ${number(v.low + v.width, 6)}: ${number(v.surprise)} bits of surprise. ` +
        (v.code ? `The ${v.code.length} bits ${v.code} fit inside.` : "No bits are needed yet.")
      );
    },
  });
  const form = root.querySelector(".controls");
  const press = (text, change, name = text) => {
    const button = html("button", { type: "button", "aria-label": name }, text);
    button.addEventListener("click", () => {
      settings.message = change(settings.message).slice(0, 12);
      update();
    });
    form.insertBefore(button, form.lastChild);
  };
  settings.letters.forEach((letter) => press(letter, (m) => m + letter, `append ${letter}`));
  press("take one away", (m) => m.slice(0, -1));
}
