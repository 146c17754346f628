/** Tells of each file that the page has loaded or loads yet, where it came from. */
export function watchLoads(tell) {
  const observer = new PerformanceObserver(list => list.getEntries().forEach(load => tell(load.name, origin(load))));
  observer.observe({ type: "resource", buffered: true });
}

function origin({ transferSize, decodedBodySize }) {
  if (transferSize > 0) return "network";
  return decodedBodySize > 0 ? "cache" : "unknown";
}
