import { CommandError, notAFloat } from "./command.ts";

/** Digits after the point that INCRBYFLOAT keeps. */
const PRECISION = 17n;
const UNIT = 10n ** PRECISION;
/** What a long double can hold: its largest power of ten, and the bits of its figure. */
const EXPONENT_MOST = 4932;
const MANTISSA_BITS = 64;

/** The sum of two decimal numbers as Redis's long doubles make it: 0.1 + 0.2 is 0.3. */
export function addDecimals(one: string, other: string, problem = notAFloat): string {
  const [left, right] = [parseDecimal(one, problem), parseDecimal(other, notAFloat)];
  if (left === null || right === null) throw new CommandError("ERR increment would produce NaN or Infinity");
  return format(rounded(left + right));
}

/** In units of 10^-17; null for an infinity. */
function parseDecimal(text: string, problem: () => CommandError): bigint | null {
  if (/^[+-]?inf(inity)?$/i.test(text)) return null;
  if (/^[+-]?0x[0-9a-f]+$/i.test(text)) return rounded(BigInt(text.replace(/^[+-]/, "")) * UNIT * (text.startsWith("-") ? -1n : 1n));
  const [, sign, whole = "", fraction = "", exponent = "0"] = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const power = Number(exponent);
  if (whole + fraction === "" || Math.abs(power) > EXPONENT_MOST) throw problem();
  const shift = PRECISION + BigInt(power - fraction.length);
  const digits = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  return rounded(shift >= 0n ? digits * 10n ** shift : roundedQuotient(digits, 10n ** -shift));
}

/** What a long double keeps of it. */
function rounded(value: bigint): bigint {
  const whole = (value < 0n ? -value : value) / UNIT;
  const fractionBits = MANTISSA_BITS - (whole === 0n ? 0 : whole.toString(2).length);
  if (fractionBits >= MANTISSA_BITS) return value;
  const scale = 2n ** BigInt(Math.abs(fractionBits));
  const bits = fractionBits >= 0 ? roundedQuotient(value * scale, UNIT) : roundedQuotient(value, UNIT * scale);
  return fractionBits >= 0 ? roundedQuotient(bits * UNIT, scale) : bits * UNIT * scale;
}

/** Halves go to the even neighbour. */
function roundedQuotient(value: bigint, by: bigint): bigint {
  if (value < 0n) return -roundedQuotient(-value, by);
  const [quotient, rest] = [value / by, value % by];
  const isUp = rest * 2n > by || (rest * 2n === by && quotient % 2n === 1n);
  return isUp ? quotient + 1n : quotient;
}

function format(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(Number(PRECISION) + 1, "0");
  const fraction = digits.slice(-Number(PRECISION)).replace(/0+$/, "");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -Number(PRECISION))}${fraction === "" ? "" : `.${fraction}`}`;
}
