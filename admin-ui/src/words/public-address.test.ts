import { expect, test } from "vitest";
import { isPublicAddress } from "./public-address.ts";

test.each(["https://carillon.example.com", "https://a.b:8443/x"])("%s can be called by a provider", (address) =>
  expect(isPublicAddress(address)).toBe(true),
);
test.each(["http://carillon.example.com", "https://localhost:8787", "https://192.168.1.7", "https://[::1]", "nonsense", ""])(
  "%j can't",
  (address) => expect(isPublicAddress(address)).toBe(false),
);
