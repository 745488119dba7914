import { describe, expect, test } from 'vitest';
import { Attempts } from './attempts.ts';

function attempts() {
  const clock = { now: 0 };
  const counted = new Attempts(() => clock.now);
  const isOpen = (name: string, address: string) => 'succeeded' in counted.begin(name, address);
  return { clock, counted, isOpen };
}

const many = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('wrong attempts', () => {
  test('at one name from one address end after five, for five minutes, and for nobody else', () => {
    const { clock, isOpen, counted } = attempts();
    for (const _ of many(5)) expect(isOpen('anna', '10.0.0.1')).toBe(true);
    expect(counted.begin(' ANNA', '10.0.0.1')).toEqual({ waitMs: 300_000 });
    expect(isOpen('anna', '10.0.0.2')).toBe(true);
    expect(isOpen('bert', '10.0.0.1')).toBe(true);
    clock.now = 300_001;
    expect(isOpen('anna', '10.0.0.1')).toBe(true);
  });

  test('at many names from one address end, and so do those at one name from many addresses', () => {
    const { isOpen } = attempts();
    expect(many(60).filter((n) => isOpen(`name${n}`, '10.0.0.1'))).toHaveLength(50);
    expect(many(120).filter((n) => isOpen('anna', `10.0.1.${n}`))).toHaveLength(100);
  });

  test('count together for all addresses of one IPv6 network, and not for those of another', () => {
    const { isOpen } = attempts();
    for (const n of many(5)) expect(isOpen('anna', `2001:db8:1:2::${n}`)).toBe(true);
    expect(isOpen('anna', '2001:db8:1:2:ffff:1:2:3')).toBe(false);
    expect(isOpen('anna', '2001:db8:1:3::1')).toBe(true);
    for (const _ of many(5)) isOpen('anna', '::1');
    expect(isOpen('anna', '::1')).toBe(false);
    for (const _ of many(5)) isOpen('anna', '::ffff:10.0.0.1');
    expect(isOpen('anna', '10.0.0.1')).toBe(false);
  });

  test('are forgotten with a right one', () => {
    const { counted, isOpen } = attempts();
    for (const _ of many(4)) isOpen('anna', '10.0.0.1');
    const right = counted.begin('anna', '10.0.0.1');
    if ('succeeded' in right) right.succeeded();
    for (const _ of many(5)) expect(isOpen('anna', '10.0.0.1')).toBe(true);
    expect(isOpen('anna', '10.0.0.1')).toBe(false);
  });
});
