import { strings } from '../strings.ts';
import { PageHeader } from './page-header.tsx';
import { NoticeRegion } from './notice-region.tsx';
import { PageFooter } from './page-footer.tsx';
import { QueuesSection } from './queues-section.tsx';
import { StaleBanner } from './connection-badge.tsx';
import { WaySection } from './way-section.tsx';

/** The whole page. */
export function App() {
  return (
    <>
      <a class="skip" href="#queues">
        {strings.skipToQueues}
      </a>
      <PageHeader />
      <StaleBanner />
      <main class="columns">
        <QueuesSection />
        <WaySection />
      </main>
      <PageFooter />
      <NoticeRegion />
    </>
  );
}
