import { EmbeddedBroker } from '../../src/brokers/embedded.ts';
import { brokerConformance } from './broker.conformance.ts';

brokerConformance('embedded', () => {
  const broker = new EmbeddedBroker(200);
  return Promise.resolve({ broker, capacity: 200, close: () => broker.close() });
});
