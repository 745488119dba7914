import { useWords } from '../language/language.ts';
import { shellWords } from '../shell/shell-words.ts';

/** The ways to what is for machines and for those who run them. */
export function PageFooter() {
  const words = useWords(shellWords);
  const links = [
    ['/docs', words.apiDocs],
    ['/openapi.json', words.openApi],
    ['/metrics', words.metrics],
    ['/health', words.health],
  ] as const;
  return (
    <footer class="foot">
      <nav aria-label={words.more}>
        <ul>
          {links.map(([path, name]) => (
            <li key={path}>
              <a href={path}>{name}</a>
            </li>
          ))}
        </ul>
      </nav>
    </footer>
  );
}
