import { Buffer } from "node:buffer";

/** What Redis keeps: bytes, as a string of one character per byte (U+0000 … U+00FF). Compares as Redis compares. */
export type Bytes = string;

const BEYOND_ASCII = /[\u0080-\uffff]/;

/** The bytes of a text in UTF-8. */
export const toBytes = (text: string): Bytes => (BEYOND_ASCII.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text);

/** Reads UTF-8; what is none becomes U+FFFD. */
export const toText = (bytes: Bytes): string => (BEYOND_ASCII.test(bytes) ? Buffer.from(bytes, "latin1").toString("utf8") : bytes);

export const isUtf8 = (bytes: Bytes): boolean => toBytes(toText(bytes)) === bytes;
