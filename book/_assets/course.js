// What scrolls sideways can be reached with the keyboard. The theme's own style is enough for everything else.
function reachWhatScrolls() {
  for (const box of document.querySelectorAll("pre, .figure-pair, div.math, .pst-scrollable-table-container, .cell_output .output")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
    }
  }
}

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
