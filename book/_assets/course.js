// What scrolls sideways can be reached with the keyboard. The theme's own style is enough for everything else.
function reachWhatScrolls() {
  for (const box of document.querySelectorAll("pre, .figure-pair, div.math, .pst-scrollable-table-container, .cell_output .output")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
    }
  }
}

// The theme's switch for the pages below a page is an arrow without a name.
addEventListener("DOMContentLoaded", () => {
  for (const toggle of document.querySelectorAll("nav summary")) {
    toggle.ariaLabel = `Pages below ${toggle.closest("li")?.querySelector("a")?.textContent.trim() ?? "this one"}`;
  }
});

addEventListener("load", reachWhatScrolls);
addEventListener("resize", reachWhatScrolls);

// Paper is white: print the light theme, whatever the screen shows.
let themeOnScreen = null;
addEventListener("beforeprint", () => {
  themeOnScreen = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = themeOnScreen;
});

// An interactive figure's module is fetched when the figure comes near; its still stays where that fails, and for print.
const assets = new URL(".", document.currentScript.src);

async function enliven(figure) {
  const module = await import(new URL(`interactive/${figure.dataset.module}.js`, assets));
  const live = document.createElement("div");
  live.className = "live";
  module.mount(live, JSON.parse(figure.dataset.settings));
  figure.append(live);
  figure.classList.add("is-live");
}

addEventListener("DOMContentLoaded", () => {
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
        near.unobserve(target);
        enliven(target).catch((error) => console.warn(`the figure stays a picture: ${error}`));
      }
    },
    { rootMargin: "400px" },
  );
  document.querySelectorAll(".interactive").forEach((figure) => near.observe(figure));
});
