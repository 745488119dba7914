import { expect, test } from 'vitest';
import { checkDefinition } from './check-definition.ts';
import type { ProtoField } from './descriptors.ts';
import type { GrpcMethod } from './grpc-definition.ts';

const field = (name: string, more: Partial<ProtoField> = {}): ProtoField => ({
  ...{ name, number: 1, type: 'string', isMessage: false, repeated: false, oneof: undefined, hasPresence: false },
  ...more,
});

function check(request: readonly ProtoField[], method: GrpcMethod, reply: readonly ProtoField[] = []): () => void {
  const shapes = {
    messages: new Map([
      ['a.Request', request],
      ['a.Reply', reply],
    ]),
    methods: [{ name: 'a.B/C', request: 'a.Request', reply: 'a.Reply', streams: false }],
  };
  return () => checkDefinition({ protos: [], methods: { 'a.B/C': method } }, shapes, []);
}

test('a request that says a number or a yes has to say whether it was given', () => {
  const route = 'POST /carts';
  expect(check([field('name')], { route })).not.toThrow();
  expect(check([field('open', { type: 'bool', hasPresence: true })], { route })).not.toThrow();
  expect(check([field('open', { type: 'bool' })], { route })).toThrow(/open of its request is not optional/);
  expect(check([field('count', { type: 'int32' })], { route })).toThrow(/count of its request is not optional/);
});

test('a body has no number that JSON cannot carry', () => {
  const wide = field('position', { type: 'int64', hasPresence: true });
  expect(check([wide], { route: 'POST /carts' })).toThrow(/64 bits/);
  expect(check([wide], { route: 'GET /carts' })).not.toThrow();
});

test('parameters of the path, fields that stand for null and the list of a reply are there', () => {
  expect(check([], { route: 'GET /carts/:cartId' })).toThrow(/no cartId/);
  expect(check([], { route: 'PUT /carts', nulls: { noLimit: 'limit' } })).toThrow(/no noLimit/);
  expect(check([], { route: 'GET /carts', list: 'carts' }, [field('carts')])).toThrow(/no list carts/);
  expect(check([], { route: 'GET /carts', list: 'carts' }, [field('carts', { repeated: true })])).not.toThrow();
  expect(check([], { route: 'carts' })).toThrow(/is no route/);
});
