/** What a prompt asks for, as far as rules can tell: files to find, count or read, a text to search, or something else. */

export type Intent =
  | { readonly kind: 'list'; readonly target: Target }
  | { readonly kind: 'count'; readonly unit: 'files' | 'lines'; readonly target: Target }
  | { readonly kind: 'search'; readonly text: string; readonly target?: Target }
  | { readonly kind: 'read'; readonly files: readonly string[]; readonly target?: Target }
  /** Nothing the rules know: a look around is all that can be done. */
  | { readonly kind: 'look' };

/** Some files: a glob for the tools, a few words for people. */
export interface Target {
  readonly pattern: string;
  readonly words: string;
}

/** What follows, such as the answer of an earlier step that was pasted in, is not looked at. */
const MAX_PROMPT_CHARACTERS = 2_000;

const LANGUAGES: readonly { readonly name: string; readonly spelt: string; readonly extensions: string }[] = [
  { name: 'TypeScript', spelt: 'typescript|ts|tsx', extensions: '{ts,tsx,mts,cts}' },
  { name: 'JavaScript', spelt: 'javascript|js|jsx', extensions: '{js,jsx,mjs,cjs}' },
  { name: 'Markdown', spelt: 'markdown|md', extensions: 'md' },
  { name: 'Python', spelt: 'python|py', extensions: 'py' },
  { name: 'Rust', spelt: 'rust', extensions: 'rs' },
  { name: 'Go', spelt: 'go|golang', extensions: 'go' },
  { name: 'Java', spelt: 'java', extensions: 'java' },
  { name: 'Kotlin', spelt: 'kotlin', extensions: '{kt,kts}' },
  { name: 'Swift', spelt: 'swift', extensions: 'swift' },
  { name: 'Ruby', spelt: 'ruby', extensions: 'rb' },
  { name: 'PHP', spelt: 'php', extensions: 'php' },
  { name: 'C++', spelt: 'c\\+\\+|cpp', extensions: '{cpp,cc,cxx,hpp,h}' },
  { name: 'C#', spelt: 'c#|csharp', extensions: 'cs' },
  { name: 'C', spelt: 'c', extensions: '{c,h}' },
  { name: 'shell', spelt: 'shell|bash', extensions: 'sh' },
  { name: 'JSON', spelt: 'json', extensions: 'json' },
  { name: 'YAML', spelt: 'ya?ml', extensions: '{yaml,yml}' },
  { name: 'TOML', spelt: 'toml', extensions: 'toml' },
  { name: 'CSS', spelt: 's?css', extensions: '{css,scss}' },
  { name: 'HTML', spelt: 'html', extensions: 'html' },
  { name: 'SQL', spelt: 'sql', extensions: 'sql' },
];
/** A language's name alone is no wish for files: "is Rust memory-safe?" is a question. */
const FILE_NOUNS = '(?:files?|code|sources?|modules?|documents?|docs|scripts?|components?|tests?)';

const FILE_NAME =
  /(?<![\w*/.-])(?:[\w@.-]+\/)*[\w@.-]*\.(?:tsx?|[mc]ts|jsx?|[mc]js|md|json|ya?ml|toml|lock|py|rs|go|java|kts?|swift|rb|php|c|h|cc|cpp|hpp|cs|sh|s?css|html|sql|txt|xml|env)(?![\w/*-])/g;
const LIBRARIES = /^(?:node|next|nuxt|vue|react|three|d3|express)\.js$/i;
const GLOB = /[^\s'"`,;()]*(?:\*\.|\*\/|\/\*)[^\s'"`,;()]*/;
const FOLDERS = 'src|lib|libs|test|tests|docs?|examples?|packages|apps?|scripts|bin|bench|config|public|server|client';

const QUOTED = /"([^"\n]{1,200})"|`([^`\n]{1,200})`|(?<!\w)'([^'\n]{1,200})'(?!\w)|“([^”\n]{1,200})”/g;
const SEARCHING =
  /\b(?:search|searching|grep|where(?:'s| is| are| does| do)|usages?|uses? of|used|references? to|occurrences?|mentions?|look(?:ing)?\b.{0,40}\bfor|defined|definition of|find (?:the |all |every )?(?:function|class|method|type|interface|variable|constant|symbol)s?)\b/i;
const SEARCHED =
  /\b(?:search(?:ing)?|grep|look|usages?|uses?|references?|occurrences?|mentions?|definition|where(?:'s| is| are| does| do))(?:\s+(?:the\s+\w+\s+)?(?:for|of|to|all|any|the|function|class|type|variable|word|text))*\s+([A-Za-z_$][\w$.-]*)/i;
const MARKERS = /\b(TODO|FIXME|HACK|XXX)s?\b/i;
const CODE_WORD = /(?<![\w/.])(?:[a-z]+[A-Z]\w*|[A-Z][a-z0-9]+[A-Z]\w*|[A-Za-z]+_\w+|[A-Za-z_]\w*(?=\(\)))/;
const NO_CODE_WORD = /^(?:JavaScript|TypeScript|GitHub|GitLab|YouTube)$/;
const NO_SEARCH_TEXT =
  /^(?:for|of|to|the|a|an|in|it|this|that|all|any|some|me|and|or|files?|code|used?|defined|find|at|with)$/i;

const COUNTING = /\b(?:count|how many|number of)\b/i;
const READING = /\b(?:read|review|summari[sz]e|summary of|inspect|open)\b/i;
const ALSO_READING =
  /\b(?:explain|describe|analy[sz]e|audit|check|show|look at|what does|what is in|what's in|document)\b/i;
const LISTING = /\b(?:find|list|show|glob|which|what|locate|get|enumerate|search)\b/i;

/** Pure and total: the same prompt gives the same intent, any text gives one. */
export function intentOf(prompt: string): Intent {
  const text = prompt.slice(0, MAX_PROMPT_CHARACTERS);
  const target = targetOf(text);
  const files = fileNamesIn(text);
  const searched = searchedTextIn(text, target !== undefined);
  if (COUNTING.test(text)) {
    const marker = MARKERS.exec(text)?.[1];
    if (marker !== undefined) return search(marker.toUpperCase(), target);
    const unit = /\blines?\b/i.test(text) ? 'lines' : 'files';
    const counted =
      target ?? firstFile(files) ?? (/\b(?:files?|lines? of code)\b/i.test(text) ? EVERYTHING : undefined);
    if (counted) return { kind: 'count', unit, target: counted };
  }
  if (searched !== undefined) return search(searched, target ?? firstFile(files));
  const isAboutContent = READING.test(text) || ALSO_READING.test(text) || !/\bfiles?\b/i.test(text);
  if (files.length > 0 && isAboutContent) return { kind: 'read', files };
  if (READING.test(text)) {
    const code = target ?? codeIn(text);
    if (code) return { kind: 'read', files: [], target: code };
  }
  const named = target ?? firstFile(files);
  if (named) return { kind: 'list', target: named };
  if (LISTING.test(text) && /\bfiles\b/i.test(text)) return { kind: 'list', target: EVERYTHING };
  return { kind: 'look' };
}

export const EVERYTHING: Target = { pattern: '**/*', words: 'files' };

function search(text: string, target: Target | undefined): Intent {
  return { kind: 'search', text, ...(target ? { target } : {}) };
}

/** A file that is named without its folder may lie anywhere. */
function firstFile([file]: readonly string[]): Target | undefined {
  return file === undefined
    ? undefined
    : { pattern: file.includes('/') ? file : `**/${file}`, words: `files named ${file}` };
}

function fileNamesIn(text: string): string[] {
  const readme = /\breadme\b(?!\.)/i.test(text) ? ['README.md'] : [];
  const names = [...text.matchAll(FILE_NAME)].map(([name]) => name.replace(/^\.\//, ''));
  return [...new Set([...names.filter((name) => !LIBRARIES.test(name) && !name.startsWith('.')), ...readme])];
}

function codeIn(text: string): Target | undefined {
  if (!/\b(?:code|codebase|sources?|repo(?:sitory)?|project|workspace|implementation|files?)\b/i.test(text))
    return undefined;
  return { pattern: '**/*.{ts,tsx,js,mjs,py,rs,go,java,rb,c,cpp,cs,md}', words: 'source files' };
}

/** The files that the prompt describes by a glob, a language, a kind or a folder. */
function targetOf(text: string): Target | undefined {
  const folder = folderIn(text);
  const within = folder === undefined ? '' : `${folder}/`;
  const where = folder === undefined ? '' : ` in ${folder}`;
  const glob = GLOB.exec(text)?.[0].replace(/[.:!?]+$/, '');
  if (glob && GLOB.test(glob)) {
    // `*.ts` is said of the whole tree, wherever the shell would look.
    const pattern = glob.includes('/') ? glob : `${within}**/${glob}`;
    return { pattern, words: `files matching ${pattern}` };
  }
  const kind = kindIn(text);
  if (kind) return { pattern: `${within}**/${kind.pattern}`, words: kind.words + where };
  return folder === undefined ? undefined : { pattern: `${within}**/*`, words: `files${where}` };
}

function kindIn(text: string): Target | undefined {
  const extension = /(?<![\w*])\.([a-z]{1,5})\s+files?\b/i.exec(text)?.[1]?.toLowerCase();
  if (extension !== undefined) return { pattern: `*.${extension}`, words: `.${extension} files` };
  const language = LANGUAGES.find(({ spelt }) => {
    const alone = `(?<![\\w.+#/-])(?:${spelt})(?![\\w+#/-])`;
    return new RegExp(
      `${alone}(?:\\s+(?:source|test))?[\\s-]+${FILE_NOUNS}\\b|\\b${FILE_NOUNS}\\s+(?:written\\s+)?in\\s+${alone}`,
      'i',
    ).test(text);
  });
  if (language) return { pattern: `*.${language.extensions}`, words: `${language.name} files` };
  if (/\b(?:tests?|specs?)\s+files?\b/i.test(text)) return { pattern: '*.{test,spec}.*', words: 'test files' };
  if (/\b(?:manifests?|dependenc(?:y|ies)\s+files?)\b/i.test(text)) {
    return {
      pattern: '{package.json,Cargo.toml,pyproject.toml,requirements.txt,go.mod,pom.xml,Gemfile}',
      words: 'manifests',
    };
  }
  return undefined;
}

const PATH = '(?:[\\w@-][\\w@.-]*\\/)+[\\w@-]+';
const WITHIN = '\\b(?:in|under|inside|within|of|from|below)\\s+(?:the\\s+)?[\'"`]?';
/** From the surest sign of a folder to the least. */
const FOLDER_SIGNS: readonly RegExp[] = [
  /(?:^|[\s'"`(])((?:[\w@-][\w@.-]*\/)+)(?=$|[\s'"`).,;:!?])/, // src/domain/
  new RegExp(`${WITHIN}(${PATH})(?![\\w/*-]|\\.\\w)`, 'i'), // in packages/core
  new RegExp(`(?<![\\w./*])((?:${FOLDERS})(?:\\/[\\w@-]+)+)(?![\\w/*-]|\\.\\w)`), // review src/domain
  /(?<![\w./*])([\w@-][\w@.-]*)['"`]?\s+(?:folder|directory|dir)\b/i, // the machines folder
  new RegExp(`${WITHIN}(${FOLDERS})(?![\\w/*-]|\\.\\w)`, 'i'), // in src
];
const NO_FOLDER = /^(?:this|that|the|each|every|current|same|root|working|a|any|which|per|by|project)$/i;

function folderIn(text: string): string | undefined {
  const names = FOLDER_SIGNS.map((sign) => sign.exec(text)?.[1]?.replace(/\/+$/, ''));
  return names.find((name) => name !== undefined && !NO_FOLDER.test(name));
}

/** The text to search for: a marker such as TODO, what is quoted, a code word, or the word behind the verb. */
function searchedTextIn(text: string, hasTarget: boolean): string | undefined {
  const isSearch = SEARCHING.test(text);
  const marker = MARKERS.exec(text)?.[1];
  if (marker !== undefined && (isSearch || marker === marker.toUpperCase())) return marker.toUpperCase();
  const quoted = quotedTextIn(text);
  if (quoted !== undefined && (isSearch || /\b(?:find|count|contain(?:s|ing)?|with)\b/i.test(text))) return quoted;
  if (!isSearch) return undefined;
  const codeWord = CODE_WORD.exec(text)?.[0];
  if (codeWord !== undefined && !NO_CODE_WORD.test(codeWord)) return codeWord;
  // A word without any sign of code is taken only from an order: "where is Paris?" is a question about the world.
  const isQuestion = /\?\s*$/.test(text) && !/\b(?:defined|used|code|function|class)\b/i.test(text);
  const word = hasTarget || isQuestion ? undefined : SEARCHED.exec(text)?.[1]?.replace(/[.-]+$/, '');
  return word !== undefined && NO_SEARCH_TEXT.test(word) ? undefined : word;
}

/** Quoted words that name no file, folder or glob. */
function quotedTextIn(text: string): string | undefined {
  const quotes = [...text.matchAll(QUOTED)].map((match) =>
    match
      .slice(1)
      .find((part) => part !== undefined)
      ?.trim(),
  );
  const folder = folderIn(text);
  return quotes.find(
    (part) =>
      part &&
      part !== folder &&
      !GLOB.test(part) &&
      !/^[\w@./-]*\/[\w@./-]*$/.test(part) &&
      fileNamesIn(part).length === 0,
  );
}
