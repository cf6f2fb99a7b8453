/** Two rounds of FNV-1a over the numbers' digits: the same on every runtime, and small enough to send for each zone. */
export function checksum(numbers: Iterable<number>): string {
  let [one, other] = [0x811c9dc5, 0x01000193];
  for (const number of numbers) {
    for (const letter of `${number} `) {
      one = Math.imul(one ^ letter.charCodeAt(0), 0x01000193);
      other = Math.imul(other ^ letter.charCodeAt(0), 0x85ebca6b);
    }
  }
  return `${(one >>> 0).toString(16)}.${(other >>> 0).toString(16)}`;
}
