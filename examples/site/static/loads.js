/** Calls `report` with the URL and the origin of each file that the page has loaded or will load. */
export function watchLoads(report) {
  const observer = new PerformanceObserver(list => list.getEntries().forEach(load => report(load.name, origin(load))));
  observer.observe({ type: "resource", buffered: true });
}

function origin({ transferSize, decodedBodySize }) {
  if (transferSize > 0) return "network";
  return decodedBodySize > 0 ? "cache" : "unknown";
}
