// theme.js - sets the colour theme before the first paint (a classic script, so that nothing flashes).
(function () {
  try {
    const stored = localStorage.getItem("guild-theme");
    if (stored === "light" || stored === "dark") {
      document.documentElement.dataset.theme = stored;
    }
  } catch (_) {
    // Storage may be forbidden; the system's preference then decides.
  }
})();
