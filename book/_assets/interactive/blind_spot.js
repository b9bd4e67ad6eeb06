// Which pixels a masked convolution's prediction can see: one stack, or a vertical and a horizontal one.
import { frame, label, number, svg } from "./frame.js";

/** For each pixel whether the prediction at (row, column) depends on it; first mask A, all others B. */
export function values({ size, row, column, kernel, layers, stacks }) {
  const half = (kernel - 1) / 2;
  const inside = (r, c) => r >= 0 && r < size && c >= 0 && c < size;
  const seen = Array.from({ length: size }, () => Array(size).fill(false));
  // What a place of each kind of feature looks at in the layer below: [kind, row, column].
  const looks = {
    // One stack: rows above, and to the left; itself too, but in the first layer.
    one: (r, c, first) => {
      const places = [];
      for (let dr = -half; dr <= 0; dr++) {
        for (let dc = -half; dc <= half; dc++) {
          if (dr < 0 || dc < 0 || (dc === 0 && !first)) {
            places.push(["one", r + dr, c + dc]);
          }
        }
      }
      return places;
    },
    // The vertical stack's place holds what stands in the rows above it and in its own.
    vertical: (r, c) => {
      const places = [];
      for (let dr = -half; dr <= 0; dr++) {
        for (let dc = -half; dc <= half; dc++) {
          places.push(["vertical", r + dr, c + dc]);
        }
      }
      return places;
    },
    horizontal: (r, c, first) => {
      const places = [];
      for (let dc = -half; dc < 0 || (dc === 0 && !first); dc++) {
        places.push(["horizontal", r, c + dc]);
      }
      return places;
    },
  };
  let now = new Map([[`${stacks === "two" ? "horizontal" : "one"},${row},${column}`, true]]);
  for (let layer = layers; layer >= 1; layer--) {
    const below = new Map();
    for (const key of now.keys()) {
      const [kind, r, c] = key.split(",").map((part, i) => (i ? Number(part) : part));
      let places = looks[kind](r, c, layer === 1);
      if (kind === "horizontal") {
        // In every layer it is told what the vertical stack knows one row higher.
        places = places.concat(looks.vertical(r - 1, c));
      }
      for (const [k, a, b] of places) {
        if (inside(a, b)) {
          below.set(`${k},${a},${b}`, true);
        }
      }
    }
    now = below;
  }
  for (const key of now.keys()) {
    const [, r, c] = key.split(",");
    seen[Number(r)][Number(c)] = true;
  }
  const before = row * size + column;
  let count = 0;
  seen.flat().forEach((yes, i) => (count += yes && i < before));
  return { seen, before, hidden: before - count };
}

export function mount(root, settings) {
  return frame(root, settings, {
    width: 600,
    height: 330,
    title: "What a masked convolution can see",
    controls: {
      row: { label: "row of the pixel", min: 0, max: settings.size - 1, step: 1, format: (v) => v + 1 },
      column: { label: "column of the pixel", min: 0, max: settings.size - 1, step: 1, format: (v) => v + 1 },
      kernel: { label: "kernel", min: 3, max: 5, step: 2, format: (v) => `${v} × ${v}` },
      layers: { label: "layers", min: 2, max: 10, step: 1 },
      stacks: { label: "stacks", options: { one: "one", two: "vertical and horizontal" } },
    },
    draw: (s) => {
      const { seen } = values(s);
      const cell = 300 / s.size;
      const parts = [];
      for (let r = 0; r < s.size; r++) {
        for (let c = 0; c < s.size; c++) {
          const place = r * s.size + c;
          const own = s.row * s.size + s.column;
          const kind = place === own ? "ink" : place > own ? "future" : seen[r][c] ? "model" : "extra";
          parts.push(svg("rect", { x: 20 + c * cell, y: 15 + r * cell, width: cell - 3, height: cell - 3, class: kind }));
        }
      }
      const key = [["ink", "predicted"], ["model", "seen"], ["extra", "before it, not seen"], ["future", "not yet there"]];
      return [
        ...parts,
        ...key.flatMap(([kind, words], i) => [
          svg("rect", { x: 370, y: 60 + 45 * i, width: 24, height: 24, class: kind }),
          label(words, 406, 78 + 45 * i, { "text-anchor": "start" }),
        ]),
      ];
    },
    say: (s) => {
      const v = values(s);
      const cause = v.hidden === 0 ? "nothing is hidden." : `${v.hidden} are hidden, a share of ${number(v.hidden / v.before)}.`;
      return `Of the ${v.before} pixels before this one, the prediction sees ${v.before - v.hidden}; ${cause}`;
    },
  });
}
