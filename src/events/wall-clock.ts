/**
 * This process's wall clock in milliseconds since 1970, to the microsecond, which is what the log keeps. The fraction comes from the monotonic clock,
 * anchored to the system clock and anchored again whenever the two differ by more than two milliseconds (the system
 * clock was set), so that lags of a few milliseconds can be told apart.
 */
export function wallClock(): number {
  const now = anchor + performance.now();
  const system = Date.now();
  if (now - system > 2 || system - now > 2) {
    anchor = system - performance.now();
    return system;
  }
  return Math.round(now * 1000) / 1000;
}

let anchor = Date.now() - performance.now();
