/**
 * A stand-in for a model that needs no network and no key: rules that call the real tools and report what these found.
 *
 * It is no language model and says so in every answer. The way: the prompt gives an intent, the intent and what was found so
 * far give the next step, and the last step is a report. All of it is pure, so the same request gives the same answer.
 */

import { delay } from '../../domain/clock.js';
import type { ModelChunk, ModelProvider, ModelRequest, ModelStreamOptions, OutputRequest } from '../../domain/model.js';
import { pathsIn, type ToolResult, type Work, workOf } from './offline-history.js';
import { EVERYTHING, type Intent, intentOf, type Target } from './offline-intent.js';
import { HOW_TO_GET_A_MODEL, reportOn, SIGNATURE } from './offline-report.js';
import { sampleOf } from './structured/sample.js';

/** Either tools are called, with a few words on what for, or the answer is complete. */
type Step =
  | { readonly kind: 'call'; readonly text: string; readonly calls: readonly Call[] }
  | { readonly kind: 'say'; readonly text: string };

interface Call {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Turns with calls for one prompt; then the report is made from what is there. */
const MAX_ROUNDS = 3;
const MAX_FILES_TO_REVIEW = 3;
const MAX_FILES_TO_COUNT = 8;
/** Stands in the free texts of a structured answer. */
const FILLER = '(offline: no language model)';
const CHARACTERS_PER_TOKEN = 4;
const CHUNK = /[\s\S]{1,40}(?:\s|$)|[\s\S]{1,40}/g;

/**
 * Understands wishes to find, count, search and read files, in English; to all else it answers with a look around and how to
 * use a real model. At most 4 turns for a prompt. Tokens are estimated as a quarter of the characters.
 *
 * Asked for an answer in a form it gives the smallest value of that form, whose free texts say what gave it.
 */
export function offline({ paceMs = 0 }: OfflineOptions = {}): ModelProvider {
  return {
    name: 'offline',
    structuredOutput: 'native',
    stream: (request, options) => answer(request, options, paceMs),
  };
}

export interface OfflineOptions {
  /** Wait between two pieces of an answer, in ms, so that a person can watch; 0 by default. */
  readonly paceMs?: number;
}

async function* answer(
  request: ModelRequest,
  { clock, signal }: ModelStreamOptions,
  paceMs: number,
): AsyncGenerator<ModelChunk> {
  const step = inForm(nextStep(request), request.output);
  const calls = step.kind === 'call' ? step.calls : [];
  const chunks: ModelChunk[] = [
    ...(step.text.match(CHUNK) ?? []).map((text) => ({ type: 'text_delta', text }) as const),
    ...calls.map(({ tool, args }) => ({ type: 'tool_call', name: tool, arguments: JSON.stringify(args) }) as const),
    { type: 'usage', usage: { inputTokens: tokensIn(request), outputTokens: tokensIn(step) } },
    { type: 'finish', reason: step.kind === 'call' ? 'tool_calls' : 'stop' },
  ];
  for (const chunk of chunks) {
    if (paceMs > 0) await delay(clock, paceMs, signal);
    else await null; // a turn of the event loop's queue for whoever reads along, or aborts
    signal.throwIfAborted();
    yield chunk;
  }
}

/** In place of a report, the smallest value of the form; a text that tells why where no such value was found. */
function inForm(step: Step, output: OutputRequest | undefined): Step {
  if (output === undefined || step.kind === 'call') return step;
  const sample = sampleOf(output.schema, FILLER);
  if (sample !== undefined) return { kind: 'say', text: JSON.stringify(sample.value) };
  return sayThat('I found no value of the form that was asked for; its rules are beyond me.');
}

function tokensIn(value: ModelRequest | Step): number {
  return Math.ceil(JSON.stringify(value).length / CHARACTERS_PER_TOKEN);
}

function nextStep({ messages, tools }: ModelRequest): Step {
  const work = workOf(messages);
  const offered = new Set(tools.map(({ name }) => name));
  if (offered.size === 0 && work.results.length === 0) return sayWithoutTools(work);
  const intent = intentOf(work.prompt);
  const wanted = work.rounds < MAX_ROUNDS ? callsFor(intent, work.results) : [];
  const possible = wanted.filter(({ tool }) => offered.has(tool));
  if (possible.length > 0) return { kind: 'call', text: `${intentText(intent, possible)}\n`, calls: possible };
  if (work.results.length > 0) return { kind: 'say', text: reportOn(intent, work.results) };
  return sayWithoutTool([...new Set(wanted.map(({ tool }) => tool))]);
}

/** What is still to be looked up; nothing when the report can be made. */
function callsFor(intent: Intent, results: readonly ToolResult[]): Call[] {
  const found = results.find(({ tool }) => tool === 'glob');
  const hasRead = results.some(({ tool }) => tool === 'read');
  switch (intent.kind) {
    case 'list':
      return found ? [] : [globCall(intent.target)];
    case 'count':
      if (!found) return [globCall(intent.target)];
      return intent.unit === 'lines' && !hasRead ? readCalls(filesIn(found).slice(0, MAX_FILES_TO_COUNT)) : [];
    case 'search':
      return results.length > 0 ? [] : [grepCall(intent.text, intent.target)];
    case 'read':
      return intent.target ? callsToReview(intent.target, found, hasRead) : callsToRead(intent.files, results, found);
    case 'look':
      return results.length > 0 ? [] : [{ tool: 'ls', args: { path: '.' } }, globCall(EVERYTHING)];
    default:
      return intent satisfies never;
  }
}

function callsToReview(target: Target, found: ToolResult | undefined, hasRead: boolean): Call[] {
  if (!found) return [globCall(target)];
  return hasRead ? [] : readCalls(byInterest(filesIn(found)).slice(0, MAX_FILES_TO_REVIEW));
}

/** Reads the files as they were named; if none is there, looks for the names everywhere, once. */
function callsToRead(files: readonly string[], results: readonly ToolResult[], found: ToolResult | undefined): Call[] {
  const read = results.filter(({ tool }) => tool === 'read');
  if (read.length === 0) return readCalls(files.slice(0, MAX_FILES_TO_REVIEW));
  if (read.some(({ isError }) => !isError)) return [];
  const names = files.slice(0, MAX_FILES_TO_REVIEW).map((file) => file.slice(file.lastIndexOf('/') + 1));
  if (!found) return [globCall({ pattern: `**/${names.length > 1 ? `{${names.join(',')}}` : names[0]}`, words: '' })];
  const tried = new Set(read.map(({ args }) => args.file_path));
  const others = filesIn(found).filter((file) => !tried.has(file));
  return readCalls(others.slice(0, MAX_FILES_TO_REVIEW));
}

function globCall({ pattern }: Target): Call {
  return { tool: 'glob', args: { pattern } };
}

function readCalls(files: readonly string[]): Call[] {
  return files.map((file) => ({ tool: 'read', args: { file_path: file } }));
}

function grepCall(text: string, target: Target | undefined): Call {
  const pattern = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return { tool: 'grep', args: { pattern, ...(target ? { glob: target.pattern } : {}) } };
}

function filesIn({ isError, output }: ToolResult): readonly string[] {
  return isError ? [] : pathsIn(output).items.filter((path) => !path.endsWith('/'));
}

/** Entry points first, then what lies near the root; tests and generated files last. */
function byInterest(files: readonly string[]): string[] {
  const rank = (file: string) =>
    (/(?:^|\/)(?:readme|index|main|mod|lib|app|cli|__init__)\.\w+$/i.test(file) ? 0 : 2) +
    (/(?:^|\/)(?:test|tests|spec|dist|build|vendor|generated)\/|[._](?:test|spec|min|d)\.\w+$/i.test(file) ? 10 : 0) +
    file.split('/').length;
  return [...files].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

function intentText(intent: Intent, calls: readonly Call[]): string {
  if (calls.every(({ tool }) => tool === 'read'))
    return `Reading ${calls.map(({ args }) => args.file_path).join(', ')}.`;
  switch (intent.kind) {
    case 'list':
    case 'count':
      return `Looking for ${intent.target.words}.`;
    case 'search':
      return `Searching for "${intent.text}"${intent.target ? ` in ${intent.target.words}` : ''}.`;
    case 'read':
      return `Looking for ${intent.target?.words ?? intent.files.join(', ')}.`;
    case 'look':
      return 'Looking around.';
    default:
      return intent satisfies never;
  }
}

/** A side question, or a subagent that was given no tools. */
function sayWithoutTools({ earlier, lastAnswer }: Work): Step {
  if (earlier.length === 0 && lastAnswer === undefined) {
    return sayThat('I cannot answer this: I only look at files with tools, and none were offered to me.');
  }
  const looked = earlier.map(
    ({ tool, args, isError }) => `- ${tool} ${JSON.stringify(args)}${isError ? ' (failed)' : ''}`,
  );
  return sayThat(
    'I cannot reason about this question, and have no tools for it; this is what the conversation holds so far.',
    ...(looked.length > 0
      ? [[`I have looked with ${looked.length === 1 ? 'one call' : `${looked.length} calls`}:`, ...looked].join('\n')]
      : []),
    ...(lastAnswer === undefined ? [] : [`My last answer was:\n${lastAnswer.replace(SIGNATURE, '').trim()}`]),
  );
}

function sayWithoutTool(missing: readonly string[]): Step {
  return sayThat(`I would need the tool ${missing.join(' and ')} for this, which was not offered to me.`);
}

function sayThat(...parts: readonly string[]): Step {
  return { kind: 'say', text: [...parts, HOW_TO_GET_A_MODEL, SIGNATURE].join('\n\n') };
}
