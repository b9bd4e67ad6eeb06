// What the interactive figures share: elements, axes, controls and the sentence that says what a state means.
// A figure's module has values(settings), the numbers that it shows, and mount(root, settings), which draws it.

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element; children are elements or text. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** An HTML element. */
export function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...children.map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/** A linear map from [from, to] to [start, end]. */
export function scale([from, to], [start, end]) {
  return (value) => start + ((value - from) / (to - from)) * (end - start);
}

/** A number with so many digits after its point, and a sign for what is infinite. */
export function number(value, digits = 2) {
  return Number.isFinite(value) ? value.toFixed(digits).replace("-", "\u2212") : value > 0 ? "∞" : "−∞";
}

/** Text that stands in the picture; its place is what attributes say. */
export function label(text, x, y, attributes = {}) {
  return svg("text", { x, y, "text-anchor": "middle", ...attributes }, text);
}

/** A horizontal axis at height y, with a tick for each of the values. */
export function axisX(map, values, y, title, format = String) {
  const [first, last] = [map(values[0]), map(values[values.length - 1])];
  return svg(
    "g",
    { class: "axis" },
    svg("line", { x1: first, x2: last, y1: y, y2: y }),
    ...values.flatMap((value) => [
      svg("line", { x1: map(value), x2: map(value), y1: y, y2: y + 5 }),
      label(format(value), map(value), y + 20),
    ]),
    label(title, (first + last) / 2, y + 40),
  );
}

/** A vertical axis at x, with a tick for each of the values. */
export function axisY(map, values, x, title, format = String) {
  const [first, last] = [map(values[0]), map(values[values.length - 1])];
  const middle = (first + last) / 2;
  return svg(
    "g",
    { class: "axis" },
    svg("line", { x1: x, x2: x, y1: first, y2: last }),
    ...values.flatMap((value) => [
      svg("line", { x1: x - 5, x2: x, y1: map(value), y2: map(value) }),
      label(format(value), x - 9, map(value) + 5, { "text-anchor": "end" }),
    ]),
    label(title, x - 48, middle, { transform: `rotate(-90 ${x - 48} ${middle})` }),
  );
}

/** A line through points [[x, y], ...] in the picture's units. */
export function line(points, attributes = {}) {
  return svg("polyline", { points: points.map((p) => p.join(",")).join(" "), fill: "none", ...attributes });
}

/**
 * The frame of a figure: a picture that is drawn anew after each change, controls below it, and a sentence.
 *
 * controls: name -> {label, min, max, step, format} for a slider, {label, options: {value: text}} for a choice. draw(settings)
 * returns the picture's elements; say(settings) the sentence, which screen readers hear too.
 */
export function frame(root, settings, { width, height, title, controls, draw, say }) {
  const first = structuredClone(settings);
  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title });
  const sentence = html("p", { class: "says", role: "status" });
  const form = html("form", { class: "controls" });
  const shown = [];

  for (const [name, what] of Object.entries(controls)) {
    shown.push(what.options ? choice(name, what) : slider(name, what));
  }
  const reset = html("button", { type: "button" }, "Back to the start");
  reset.addEventListener("click", () => {
    Object.assign(settings, structuredClone(first));
    update();
  });
  form.append(reset);
  form.addEventListener("submit", (event) => event.preventDefault());

  function slider(name, { label: text, min, max, step, format = String }) {
    const input = html("input", { type: "range", min, max, step });
    const output = html("output");
    input.addEventListener("input", () => {
      settings[name] = Number(input.value);
      update();
    });
    form.append(html("label", {}, html("span", {}, text), input, output));
    return () => {
      input.value = settings[name];
      output.textContent = format(settings[name]);
      input.setAttribute("aria-valuetext", output.textContent);
    };
  }

  function choice(name, { label: text, options }) {
    const group = `${title} ${name}`;
    const inputs = Object.entries(options).map(([value, words]) => {
      const input = html("input", { type: "radio", name: group, value });
      input.addEventListener("change", () => {
        settings[name] = value;
        update();
      });
      return [input, html("label", {}, input, words)];
    });
    form.append(html("fieldset", {}, html("legend", {}, text), ...inputs.map(([, labelled]) => labelled)));
    return () => inputs.forEach(([input]) => (input.checked = input.value === settings[name]));
  }

  function update() {
    shown.forEach((show) => show());
    picture.replaceChildren(...draw(settings));
    const words = say(settings);
    if (sentence.textContent !== words) {
      sentence.textContent = words;
    }
    root.dataset.settings = JSON.stringify(settings);
  }

  root.replaceChildren(picture, form, sentence);
  update();
  return update;
}
