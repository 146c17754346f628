(() => {
  const live = document.getElementById("live");
  const pause = document.getElementById("pause");
  const page = location.pathname.replace(/\/$/, "");
  let last = document.body.dataset.last;
  let source;

  // The rows come from the server as they stand in the document, escaped.
  const rows = (text) => {
    const template = document.createElement("template");
    template.innerHTML = text;
    return [...template.content.children];
  };
  const tell = (text, on) => {
    live.textContent = text;
    live.classList.toggle("on", on);
  };
  const take = (event) => {
    last = event.lastEventId;
    const list = document.getElementById(event.type);
    if (event.type === "totals") {
      list.replaceChildren(...rows(event.data));
      return;
    }
    list.querySelector(".none")?.remove();
    const fresh = rows(event.data);
    fresh.forEach((row) => row.classList.add("new"));
    if (event.type === "requests") {
      list.prepend(...fresh);
      while (list.children.length > 200) list.lastElementChild.remove();
      return;
    }
    for (const row of fresh) {
      const old = document.getElementById(row.id);
      if (old) old.replaceWith(row);
      else list.append(row);
    }
  };
  const listen = () => {
    source = new EventSource(`${page}/events?after=${last}`);
    source.onopen = () => tell("live", true);
    source.onerror = () =>
      tell(source.readyState === EventSource.CLOSED ? "refused; reload the page" : "not connected; trying again", false);
    source.addEventListener("restart", () => location.reload());
    for (const name of ["routes", "warnings", "totals", "requests"]) source.addEventListener(name, take);
  };

  for (const button of document.querySelectorAll("[data-purge]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const headers = { "x-cache-purge": button.dataset.purge };
      const response = await fetch(`${page}/purge`, { method: "POST", headers, referrerPolicy: "same-origin" }).catch(() => undefined);
      if (response?.ok) location.reload();
      else tell("the purge was refused", false);
    });
  }

  pause.hidden = false;
  pause.addEventListener("click", () => {
    const paused = pause.textContent === "Pause";
    pause.textContent = paused ? "Go on" : "Pause";
    if (paused) {
      source.close();
      tell("paused", false);
    } else {
      listen();
    }
  });
  listen();
})();
