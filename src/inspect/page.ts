/** The page of our own relay: a frame with the Stately inspector, and what comes by the socket handed on to it. */

/** What the page may load: the inspector in its frame, and its own socket. */
export const PAGE_POLICY = (ui: URL): string =>
  `default-src 'none'; frame-src ${ui.origin}; connect-src 'self' ws:; script-src 'unsafe-inline'; style-src 'unsafe-inline'`;

export function pageOf(ui: URL): string {
  const { href, origin } = ui;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>troupe: Stately inspector</title>
<style>
  html, body, iframe { margin: 0; width: 100%; height: 100%; border: 0; display: block; overflow: hidden; }
  p { position: fixed; right: 1em; bottom: 1em; margin: 0; padding: .5em 1em; font: 14px system-ui; background: #fffe; border-radius: 4px; }
</style>
<iframe src="${forAttribute(href)}" title="Stately inspector"></iframe>
<p id="note" hidden></p>
<script>
  const frame = document.querySelector('iframe');
  const note = document.getElementById('note');
  const origin = ${JSON.stringify(origin)};
  const waiting = [];
  let isListening = false;
  const say = (text) => { note.textContent = text; note.hidden = text === ''; };
  const hand = (message) => frame.contentWindow.postMessage(message, origin);
  addEventListener('message', (event) => {
    if (event.origin !== origin || event.data?.type !== '@statelyai.connected') return;
    isListening = true;
    for (const message of waiting.splice(0)) hand(message);
  });
  const socket = new WebSocket(location.href.replace(/^http/, 'ws'));
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (isListening) hand(message);
    else waiting.push(message);
  };
  socket.onclose = () => say('The connection is over. Load the page again while the program runs.');
</script>
</html>
`;
}

function forAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
