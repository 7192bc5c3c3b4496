/** Who may ask: a program of this machine that has the token, and of pages only our own. */

import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/**
 * A name that leads to this machine today may lead a browser of another site here tomorrow (DNS rebinding), so the names are a list.
 * @param port Of the server.
 */
export function refusalOfHost({ host }: IncomingHttpHeaders, port: number): Refusal | undefined {
  if (host !== undefined && hostsOf(port).includes(host.toLowerCase())) return undefined;
  return { status: 421, message: 'this server answers to 127.0.0.1 and localhost only' };
}

/** Another site's page may not read from here, nor send anything; that a person follows a link to here is no harm. */
export function refusalOfOrigin(headers: IncomingHttpHeaders, port: number): Refusal | undefined {
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers;
  const isOwn = origin === undefined || hostsOf(port).some((host) => origin === `http://${host}`);
  const isNear = site === undefined || site === 'same-origin' || site === 'none' || mode === 'navigate';
  return isOwn && isNear ? undefined : { status: 403, message: 'another origin may not ask here' };
}

export function refusalOfToken({ authorization }: IncomingHttpHeaders, token: string): Refusal | undefined {
  const given = Buffer.from(authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return undefined;
  return { status: 401, message: 'the token is missing or wrong; open the link that the program printed' };
}

function hostsOf(port: number): string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`];
}
