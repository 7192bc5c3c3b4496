/** Which texts are taken for secrets by their look, whole and while they are still being written. */

export interface SecretShape {
  /** One of these stands in every such secret, or right before it: a text without any needs no closer look. */
  readonly marks: readonly string[];
  /**
   * Either consumes all that it scans or has a bounded length, so that the time is linear in the text.
   */
  readonly whole: RegExp;
  /** The first two characters, one way or the other; none for a shape that hangs on what is before it. */
  readonly begins: readonly string[];
  /** Pattern of what, at the end of a text, may become such a secret or be more of it. */
  readonly open: string;
  /** Of a shape without a bound: what follows at once still belongs to it. Group 1 is its end. */
  readonly rest?: RegExp;
  /** What follows at once may become the end of it. */
  readonly restOpen?: RegExp;
}

/** A key begins where a word begins. */
const WORD_START = '(?<![A-Za-z0-9_])';

/** `abc` as a pattern of `a`, `ab` or `abc`. */
function begun(...atoms: readonly string[]): string {
  return atoms.reduceRight((rest, atom) => (rest === '' ? atom : `${atom}(?:${rest})?`), '');
}

function keyShape(
  prefix: readonly string[],
  characters: string,
  minLength: number,
  marks: readonly string[] = [prefix.join('')],
): SecretShape {
  return {
    marks,
    begins: [prefix.slice(0, 2).join('')],
    whole: new RegExp(`${WORD_START}${prefix.join('')}[${characters}]{${minLength},}`),
    open: `${WORD_START}${begun(...prefix, `[${characters}]*`)}`,
    rest: new RegExp(`[${characters}]*`, 'y'),
  };
}

const PEM_BODY = String.raw`[A-Za-z0-9+/=\\\s]*`;
const PEM_BEGIN = '-----BEGIN [A-Z ]{0,24}PRIVATE KEY-----';
const PEM_END = '-----END [A-Z ]{0,24}PRIVATE KEY-----';
/** Up to the dashes, of which the last is still missing at the end of a line that may be one. */
const PEM_LABEL = ['[A-Z ]{0,35}', '-{0,4}'];
const PEM_END_BEGUN = begun(...'-----END ', ...PEM_LABEL);

const privateKey: SecretShape = {
  marks: ['-----BEGIN '],
  begins: ['--'],
  whole: new RegExp(`${PEM_BEGIN}${PEM_BODY}(?:${PEM_END})?`),
  open: `(?:${PEM_BEGIN}${PEM_BODY}(?:${PEM_END_BEGUN})?|${begun(...'-----BEGIN ', ...PEM_LABEL)})`,
  rest: new RegExp(`${PEM_BODY}(${PEM_END})?`, 'y'),
  restOpen: new RegExp(`^${PEM_END_BEGUN}$`),
};

const TOKEN = '[A-Za-z0-9_-]';
const signedToken: SecretShape = {
  marks: ['.eyJ'],
  begins: ['ey'],
  whole: new RegExp(String.raw`(?<!${TOKEN})eyJ${TOKEN}{8,}\.eyJ${TOKEN}{4,}(?:\.${TOKEN}*)?`),
  open: `(?<!${TOKEN})${begun('e', 'y', 'J', `${TOKEN}*`, String.raw`\.`, 'e', 'y', 'J', `${TOKEN}*`, String.raw`\.${TOKEN}*`)}`,
  rest: /[A-Za-z0-9_.-]*/y, // a dot behind the signature goes too: which of its parts this is, is not known any more
};

// The word before stays, so that the reader sees what was there; so does the place of a login in a URL.
const bearer: SecretShape = {
  marks: ['earer ', 'earer\t'],
  begins: [],
  whole: /(?<=\b[Bb]earer[ \t])[A-Za-z0-9._~+/=*-]{6,}/,
  open: String.raw`(?<=\b[Bb]earer[ \t])[A-Za-z0-9._~+/=*-]+`,
  rest: /[A-Za-z0-9._~+/=*-]*/y,
};
const basicLogin: SecretShape = {
  marks: ['asic ', 'asic\t'],
  begins: [],
  whole: /(?<=\b[Bb]asic[ \t])[A-Za-z0-9+/=]{12,}/,
  open: String.raw`(?<=\b[Bb]asic[ \t])[A-Za-z0-9+/=]+`,
  rest: /[A-Za-z0-9+/=]*/y,
};
const loginInUrl: SecretShape = {
  marks: ['://'],
  begins: [],
  whole: /(?<=:\/\/)[^\s/:@"'<>]{1,256}:[^\s/@"'<>]{1,256}(?=@)/,
  open: String.raw`(?<=:\/\/)[^\s/:@"'<>]{1,256}(?::[^\s/@"'<>]{0,256})?`,
};

export const SECRET_SHAPES: readonly SecretShape[] = [
  privateKey,
  keyShape([...'sk-'], 'A-Za-z0-9_*-', 12),
  keyShape([...'gh', '[opusr]', '_'], 'A-Za-z0-9', 16, ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_']),
  keyShape([...'github_pat_'], 'A-Za-z0-9_', 16),
  keyShape([...'glpat-'], 'A-Za-z0-9_-', 16),
  keyShape([...'npm_'], 'A-Za-z0-9', 24),
  keyShape([...'hf_'], 'A-Za-z0-9', 24),
  keyShape([...'xox', '[abeoprs]', '-'], 'A-Za-z0-9-', 10, ['xox']),
  {
    marks: ['AKIA', 'ASIA'],
    begins: ['AK', 'AS'],
    whole: /(?<![A-Za-z0-9_])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/,
    open: `${WORD_START}${begun('A', '[KS]', 'I', 'A', '[A-Z0-9]{0,16}')}`,
  },
  keyShape([...'AIza'], 'A-Za-z0-9_-', 30),
  signedToken,
  bearer,
  basicLogin,
  loginInUrl,
];

/** Characters before a secret that decide whether it is one: `Bearer `, `://`, the end of a word. */
export const SECRET_CONTEXT_CHARACTERS = 16;
