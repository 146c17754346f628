// The import map of the page replaces this URL with a versioned one.
import { watchLoads } from "./loads.js";

const cells = new Map();
for (const row of document.querySelectorAll("tr[data-url]")) {
  cells.set(new URL(row.dataset.url, document.baseURI).href, row.lastElementChild);
}

watchLoads((url, origin) => {
  if (!cells.has(url)) return;
  cells.get(url).textContent = origin;
  // Only the first load counts: the browser loads the picture again, as the icon of the tab, from its cache.
  cells.delete(url);
});
