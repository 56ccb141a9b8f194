// Puts what the server's events say into the page, and tells when viewTF is gone.
"use strict";

(() => {
  const SILENT_MS = 15000; // viewTF says something every 5 s
  const AGAIN_MS = 3000;
  const viewer = document.getElementById("viewer");
  const pending = new Map();
  let source = null;
  let silence = 0;
  let again = 0;
  let heardAt = new Date();

  const time = () => heardAt.toISOString().slice(0, 19).replace("T", " ");

  function gone(reason) {
    const said = `${reason} What is shown is from ${time()} UTC. If viewTF was started anew, ` +
      "open the address that it printed.";
    if (viewer.hidden || viewer.textContent !== said) {
      viewer.textContent = said;
      viewer.hidden = false;
    }
  }

  function heard() {
    heardAt = new Date();
    viewer.hidden = true;
    clearTimeout(silence);
    silence = setTimeout(silent, SILENT_MS);
  }

  function silent() {
    gone("viewTF is silent.");
    listen();
  }

  function isSelected(element) {
    const chosen = document.getSelection();
    return chosen !== null && !chosen.isCollapsed && chosen.containsNode(element, true);
  }

  function put(element, html) {
    const active = document.activeElement;
    const link = element.contains(active) ? active.getAttribute("href") : null;
    element.innerHTML = html;
    if (link !== null) {
      element.querySelector(`a[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
    }
  }

  function show() {
    for (const [name, html] of pending) {
      const element = document.getElementById(`part-${name}`);
      if (name === "title") {
        document.title = html;
      } else if (element !== null && isSelected(element)) {
        continue; // somebody copies from it: next time
      } else if (element !== null) {
        put(element, html);
      }
      pending.delete(name);
    }
  }

  function stop() {
    clearTimeout(silence);
    clearTimeout(again);
    source?.close();
    source = null;
  }

  function listen() {
    stop();
    source = new EventSource(document.body.dataset.events);
    silence = setTimeout(silent, SILENT_MS);
    source.addEventListener("parts", (event) => {
      heard();
      for (const [name, html] of Object.entries(JSON.parse(event.data))) {
        pending.set(name, html);
      }
      show();
    });
    source.addEventListener("beat", () => {
      heard();
      show();
    });
    source.addEventListener("bye", () => {
      stop();
      gone("viewTF was ended.");
      again = setTimeout(listen, AGAIN_MS);
    });
    source.addEventListener("error", () => {
      stop();
      gone("viewTF does not answer.");
      again = setTimeout(listen, AGAIN_MS);
    });
  }

  // A browser opens six connections to a server; a page that nobody sees must not hold one.
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (event) => event.persisted && listen());
  if (!document.hidden) {
    listen();
  }
})();
