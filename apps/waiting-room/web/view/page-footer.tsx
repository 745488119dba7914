import { strings } from '../strings.ts';

const links = [
  ['/docs', strings.apiDocs],
  ['/openapi.json', strings.openApi],
  ['/metrics', strings.metrics],
  ['/health', strings.health],
] as const;

export function PageFooter() {
  return (
    <footer class="foot">
      <nav aria-label={strings.links}>
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
