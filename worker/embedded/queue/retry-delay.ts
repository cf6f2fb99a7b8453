/** A delay in milliseconds as a function of `retried`, which is 0 before the first retry. */
export type RetryDelay = (retried: number) => number;

const FUNCTIONS: Record<string, (...args: number[]) => number> = {
  pow: Math.pow,
  sqrt: Math.sqrt,
  abs: Math.abs,
  exp: Math.exp,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  min: Math.min,
  max: Math.max,
};
const LONGEST_MS = 86_400_000;
/** An expression of this length is no delay. */
const CHARACTERS_MOST = 500;

/**
 * Compiles an Upstash-Retry-Delay expression such as `min(pow(2, retried) * 1000, 60000)`. Throws for what it does not understand.
 * https://upstash.com/docs/qstash/features/retry#custom-retry-delay
 */
export function compileRetryDelay(expression: string): RetryDelay {
  if (expression.length > CHARACTERS_MOST) throw new Error("The retry delay expression is too long");
  const tokens = tokenize(expression);
  const reader: Reader = { tokens, at: 0 };
  const value = sum(reader);
  if (reader.at < tokens.length) throw unexpected(reader);
  return (retried) => {
    const delay = value(retried);
    return Number.isFinite(delay) ? Math.round(Math.min(Math.max(delay, 0), LONGEST_MS)) : LONGEST_MS;
  };
}

type Reader = { tokens: string[]; at: number };

function tokenize(text: string): string[] {
  const tokens = text.match(/\d+(\.\d+)?|[a-z]+|[-+*/(),]/gi) ?? [];
  if (tokens.join("") !== text.replaceAll(/\s/g, "")) throw new Error(`The retry delay expression can't be read: ${text}`);
  return tokens;
}

const unexpected = ({ tokens, at }: Reader) => new Error(`The retry delay expression has an unexpected ${tokens[at] ?? "end"}`);

function take(reader: Reader, ...wanted: string[]): string | null {
  const token = reader.tokens[reader.at];
  if (token === undefined || !wanted.includes(token)) return null;
  reader.at++;
  return token;
}

function expect(reader: Reader, wanted: string): void {
  if (take(reader, wanted) === null) throw unexpected(reader);
}

function sum(reader: Reader): RetryDelay {
  let left = product(reader);
  for (let sign = take(reader, "+", "-"); sign !== null; sign = take(reader, "+", "-")) {
    const [before, after, factor] = [left, product(reader), sign === "+" ? 1 : -1];
    left = (retried) => before(retried) + factor * after(retried);
  }
  return left;
}

function product(reader: Reader): RetryDelay {
  let left = factor(reader);
  for (let sign = take(reader, "*", "/"); sign !== null; sign = take(reader, "*", "/")) {
    const [before, after, isTimes] = [left, factor(reader), sign === "*"];
    left = (retried) => (isTimes ? before(retried) * after(retried) : before(retried) / after(retried));
  }
  return left;
}

function factor(reader: Reader): RetryDelay {
  if (take(reader, "-")) {
    const positive = factor(reader);
    return (retried) => -positive(retried);
  }
  if (take(reader, "(")) {
    const inner = sum(reader);
    expect(reader, ")");
    return inner;
  }
  const token = reader.tokens[reader.at] ?? "";
  reader.at++;
  if (/^\d/.test(token)) return () => Number(token);
  if (token === "retried") return (retried) => retried;
  const apply = Object.hasOwn(FUNCTIONS, token) ? FUNCTIONS[token] : undefined;
  if (apply) return call(reader, apply);
  reader.at--;
  throw unexpected(reader);
}

function call(reader: Reader, apply: (...args: number[]) => number): RetryDelay {
  expect(reader, "(");
  const args = [sum(reader)];
  while (take(reader, ",")) args.push(sum(reader));
  expect(reader, ")");
  return (retried) => apply(...args.map((arg) => arg(retried)));
}
