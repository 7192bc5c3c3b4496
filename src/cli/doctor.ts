/** `troupe doctor`: whether all is there that troupe needs, and what is missing for more. */

import { accessSync, constants, statSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join, resolve } from 'node:path';
import { messageOf } from '../domain/errors.js';
import { type Command, expectArguments, textOf } from './command.js';
import { EXIT } from './exit-code.js';
import { isInRange, type Manifest, manifestOf, ownManifest } from './manifest.js';

/** `needed` is missing, and troupe does not work without. */
type Verdict = 'ok' | 'absent' | 'needed';

interface Finding {
  readonly verdict: Verdict;
  readonly what: string;
  readonly details: string;
}

const DEFAULT_NATS_PORT = 4222;
const CONNECT_TIMEOUT_MS = 2_000;

export const doctor: Command = {
  help: `Options:
  --workspace <folder>   the folder to work in; by default this one

A line for each check: ok, absent (something works less well without), or NEEDED. Exit code 1 when anything is NEEDED.

Examples:
  npx troupe doctor
  NATS_URL=nats://localhost:4222 npx troupe doctor --workspace packages/web`,
  options: { workspace: { type: 'string' } },
  run: async (positionals, values, terminal) => {
    expectArguments(positionals, []);
    const findings = await examine(resolve(textOf(values, 'workspace') ?? '.'), process.env);
    const width = Math.max(...findings.map(({ what }) => what.length)) + 2;
    for (const { verdict, what, details } of findings) {
      terminal.out(`${(verdict === 'needed' ? 'NEEDED' : verdict).padEnd(8)}${what.padEnd(width)}${details}`);
    }
    const missing = findings.filter(({ verdict }) => verdict === 'needed').map(({ what }) => what);
    terminal.out(missing.length === 0 ? '\nready' : `\nnot ready: ${missing.join(', ')}`);
    return missing.length === 0 ? EXIT.ok : EXIT.failed;
  },
};

async function examine(workspace: string, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const manifest = ownManifest();
  return [
    node(manifest),
    ...Object.keys(manifest.peerDependencies ?? {}).map((name) => peer(manifest, name)),
    key(env),
    folder(workspace),
    program('rg', 'grep searches by itself, and more slowly', env),
    program('git', 'agents cannot look at history', env),
    ...(env.NATS_URL ? [await nats(env.NATS_URL)] : []),
  ];
}

function node({ engines }: Manifest): Finding {
  const range = engines?.node ?? '';
  const isGood = isInRange(process.versions.node, range);
  return { verdict: isGood ? 'ok' : 'needed', what: 'Node', details: `${process.versions.node} (${range})` };
}

function peer({ peerDependencies, peerDependenciesMeta }: Manifest, name: string): Finding {
  const range = peerDependencies?.[name] ?? '';
  const isOptional = peerDependenciesMeta?.[name]?.optional === true;
  const installed = manifestOf(name);
  const command = `npm install ${name}@${range}`;
  if (installed && isInRange(installed.version, range)) {
    return { verdict: 'ok', what: name, details: `${installed.version} (${range})` };
  }
  return {
    verdict: isOptional ? 'absent' : 'needed',
    what: name,
    details: installed ? `${installed.version} is not ${range}: ${command}` : `not installed: ${command}`,
  };
}

/** That it is there, and no more. */
function key({ OPENAI_API_KEY }: NodeJS.ProcessEnv): Finding {
  const isSet = OPENAI_API_KEY !== undefined && OPENAI_API_KEY !== '';
  return isSet
    ? { verdict: 'ok', what: 'OPENAI_API_KEY', details: 'set' }
    : { verdict: 'absent', what: 'OPENAI_API_KEY', details: 'not set: no models of OpenAI; the offline model works' };
}

function folder(path: string): Finding {
  try {
    if (!statSync(path).isDirectory()) return { verdict: 'needed', what: 'workspace', details: `${path} is no folder` };
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return { verdict: 'ok', what: 'workspace', details: `${path} can be written` };
  } catch (error) {
    return { verdict: 'needed', what: 'workspace', details: messageOf(error) };
  }
}

function program(name: string, without: string, { PATH = '' }: NodeJS.ProcessEnv): Finding {
  const found = PATH.split(delimiter)
    .filter((place) => place !== '')
    .map((place) => join(place, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return statSync(path).isFile();
      } catch {
        return false;
      }
    });
  return found === undefined
    ? { verdict: 'absent', what: name, details: `not on PATH: ${without}` }
    : { verdict: 'ok', what: name, details: found };
}

/** Of the first server that it names: that it takes a connection. The address may hold a password, which is not shown. */
async function nats(urls: string): Promise<Finding> {
  const [first = ''] = urls.split(',');
  const url = tryUrl(withScheme(first));
  if (!url)
    return { verdict: 'needed', what: 'NATS', details: 'NATS_URL is no address, such as nats://localhost:4222' };
  const port = Number(url.port) || DEFAULT_NATS_PORT;
  const where = `${url.hostname}:${port}`;
  const problem = await new Promise<string | undefined>((done) => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port, timeout: CONNECT_TIMEOUT_MS });
    const end = (text?: string) => {
      socket.destroy();
      done(text);
    };
    socket.on('connect', () => end());
    socket.on('timeout', () => end(`no answer in ${CONNECT_TIMEOUT_MS} ms`));
    socket.on('error', (error) => end(messageOf(error) || 'no connection'));
  });
  return problem === undefined
    ? { verdict: 'ok', what: 'NATS', details: `${where} takes connections` }
    : { verdict: 'needed', what: 'NATS', details: `${where}: ${problem}; unset NATS_URL if you do not use it` };
}

function withScheme(address: string): string {
  return address.includes('://') ? address : `nats://${address}`;
}

function tryUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
