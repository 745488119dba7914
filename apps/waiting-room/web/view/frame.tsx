import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useWords } from '../language/language.ts';
import type { Connection } from '../model/connection.ts';
import { hasWalked, hrefOf } from '../shell/location.ts';
import { shellWords } from '../shell/shell-words.ts';
import { AccountMenu } from './account-menu.tsx';
import { ConnectionBadge, StaleBanner } from './connection-badge.tsx';
import { LanguageSwitch } from './language-switch.tsx';
import { SiteSwitch } from './site-switch.tsx';

interface FrameProps {
  readonly title: string;
  /** Of the screen's live data; undefined for screens without. */
  readonly connection?: Connection | undefined;
  /** The screen shows one site of several. */
  readonly sites?: boolean;
  /** What else stands in the header. */
  readonly tools?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** What every screen of the staff stands in: skip link, header, content, footer. */
export function Frame({ title, connection, sites = false, tools, class: className = '', children }: FrameProps) {
  const words = useWords(shellWords);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${words.clinic}`;
  }, [title, words]);
  useEffect(() => {
    // A screen reader hears where it is, and the keyboard begins there.
    if (hasWalked()) heading.current?.focus();
  }, []);
  return (
    <>
      <a class="skip" href="#content">
        {words.skip}
      </a>
      <header class="head">
        <a class="brand" href={hrefOf('/')} aria-label={words.home}>
          <span aria-hidden="true" />
        </a>
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {connection !== undefined && <ConnectionBadge connection={connection} />}
        <div class="head-tools">
          {tools}
          {sites && <SiteSwitch />}
          <LanguageSwitch />
          <AccountMenu />
        </div>
      </header>
      {connection !== undefined && <StaleBanner connection={connection} />}
      <main id="content" class={className} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}
