// One Gaussian fitted to two: by KL(p || q), which is matching moments, and by KL(q || p), which is searched for.
import { axisX, frame, label, line, number, scale } from "./frame.js";

const gauss = (x, mean, sd) => Math.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * Math.sqrt(2 * Math.PI));
const log_p = (x, s) => {
  const [a, b] = [-0.5 * (x - s) ** 2, -0.5 * (x + s) ** 2];
  const most = Math.max(a, b);
  return most + Math.log(0.5 * Math.exp(a - most) + 0.5 * Math.exp(b - most)) - 0.5 * Math.log(2 * Math.PI);
};

/** KL(q || p) in nats for q = N(mean, sd^2), by the trapezium rule over nine standard deviations on each side. */
export function reverse_kl(mean, sd, s) {
  const n = 300;
  const cross = Array.from({ length: n + 1 }, (_, i) => -9 + (18 * i) / n)
    .map((z) => Math.exp(-0.5 * z * z) * log_p(mean + sd * z, s))
    .reduce((sum, v) => sum + v, 0);
  const width = 18 / n / Math.sqrt(2 * Math.PI);
  return -0.5 * Math.log(2 * Math.PI * Math.E) - Math.log(sd) - cross * width;
}

function descend(mean, sd, s) {
  let best = reverse_kl(mean, sd, s);
  for (let step = 0.25; step > 1e-5; step /= 2) {
    for (let moved = true; moved; ) {
      moved = false;
      for (const [dm, ds] of [[step, 0], [-step, 0], [0, step], [0, -step]]) {
        if (sd + ds > 0.05) {
          const kl = reverse_kl(mean + dm, sd + ds, s);
          if (kl < best - 1e-12) {
            [best, mean, sd, moved] = [kl, mean + dm, sd + ds, true];
          }
        }
      }
    }
  }
  return { mean: Math.abs(mean), sd, kl: best };
}

export function values({ half_separation: s }) {
  const reverse = [descend(0, 1 + s / 2, s), descend(s, 1, s)].reduce((a, b) => (b.kl < a.kl - 1e-9 ? b : a));
  return { forward: { mean: 0, sd: Math.sqrt(1 + s * s) }, reverse };
}

export function mount(root, settings) {
  const grid = Array.from({ length: 241 }, (_, i) => -9 + (18 * i) / 240);
  const x = scale([-9, 9], [20, 580]);
  const y = scale([0, 0.45], [270, 20]);
  const memory = new Map();
  const now = (s) => {
    if (!memory.has(s.half_separation)) {
      memory.set(s.half_separation, values(s));
    }
    return memory.get(s.half_separation);
  };
  const curve = (density, attributes) => line(grid.map((v) => [x(v), y(density(v))]), attributes);

  return frame(root, settings, {
    width: 600,
    height: 320,
    title: "One Gaussian fitted to two modes, both ways",
    controls: { half_separation: { label: "half the distance of the modes", min: 0, max: 5, step: 0.1, format: (v) => v.toFixed(1) } },
    draw: (s) => {
      const { forward, reverse } = now(s);
      return [
        curve((v) => Math.exp(log_p(v, s.half_separation)), { class: "data stroke" }),
        curve((v) => gauss(v, forward.mean, forward.sd), { class: "model stroke" }),
        curve((v) => gauss(v, reverse.mean, reverse.sd), { class: "model stroke", "stroke-dasharray": "7 5" }),
        label("p, the data", 30, 40, { class: "data", "text-anchor": "start" }),
        label("q by KL(p‖q), solid", 30, 62, { class: "model", "text-anchor": "start" }),
        label("q by KL(q‖p), dashed", 30, 84, { class: "model", "text-anchor": "start" }),
        axisX(x, [-8, -4, 0, 4, 8], 272, "x"),
      ];
    },
    say: (s) => {
      const { forward, reverse } = now(s);
      const where = reverse.mean < 0.05 ? "also stays in the middle" : `sits on one mode, at ±${number(reverse.mean)}`;
      return (
        `Modes at ±${number(s.half_separation, 1)}. KL(p‖q) chooses mean 0 and standard deviation ${number(forward.sd)}; ` +
        `KL(q‖p) ${where}, with standard deviation ${number(reverse.sd)}.`
      );
    },
  });
}
