import { expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from './message-format.ts';

const event = {
  id: 'id-1',
  position: 1,
  stream: 'cart-1',
  version: 1,
  type: 'Happened',
  schemaVersion: 1,
  tags: ['a'],
  payload: '{"of":"ü"}',
  metadata: '{"actor":"ada"}',
  occurredAt: 0,
};
const message = { event, log: 'carts', incarnation: 'x', previous: 0, handedAt: 7 };
const nothing = {
  ...{ contentType: '', contentEncoding: '', deliveryMode: 2, priority: 0, correlationId: '', replyTo: '' },
  ...{ expiration: '', messageId: '', timestamp: 0, type: '', userId: '', appId: '', clusterId: '' },
};
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

it.each([undefined, { traceparent }, { traceparent, tracestate: 'shop=7' }])(
  'the context of a publication goes in headers of its own and comes back (%j)',
  (trace) => {
    const { content, options } = encodeMessage({ ...message, trace });
    const headers = { 'millrace-lengths': '11 15', ...trace };
    expect(options.headers).toEqual(headers);
    expect(content.toString()).not.toContain('traceparent');
    expect(decodeMessage({ content, properties: { ...nothing, headers } })).toEqual({ ...message, trace });
  },
);
