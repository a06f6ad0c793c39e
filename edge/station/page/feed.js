// The live feed: server-sent events, which the browser reconnects by itself.

import { liveUrl } from "./api.js";

// Twice the server's ping and a little more: longer silence is a lost connection.
const SILENCE_MS = 25_000;
// A stream that is back within this time was never missed by anybody.
const CALM_MS = 2000;

/** Follow the count; `hear` has `progress`, `frame` and `connection(isThere)`. */
export function followCount(hear) {
  let source;
  let watchdog;
  let doubt = null;
  const alive = () => {
    hear.connection(true);
    clearTimeout(watchdog);
    clearTimeout(doubt);
    doubt = null;
    watchdog = setTimeout(again, SILENCE_MS);
  };
  const on = (name, act) =>
    source.addEventListener(name, (event) => {
      alive();
      act(event);
    });
  const open = () => {
    source = new EventSource(liveUrl);
    source.onopen = alive;
    source.onerror = () => {
      doubt ??= setTimeout(() => hear.connection(false), CALM_MS);
      // A refused stream is closed for good; one that broke reconnects by itself.
      if (source.readyState === EventSource.CLOSED) watchdog = setTimeout(again, 2000);
    };
    on("ping", () => {});
    on("progress", (event) => hear.progress(JSON.parse(event.data)));
    on("frame", (event) => hear.frame(JSON.parse(event.data)));
  };
  const again = () => {
    hear.connection(false);
    clearTimeout(watchdog);
    source.close();
    open();
  };
  open();
  return () => {
    clearTimeout(watchdog);
    clearTimeout(doubt);
    source.close();
  };
}
