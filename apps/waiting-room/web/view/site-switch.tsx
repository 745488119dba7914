import { useWords } from '../language/language.ts';
import { shellWords } from '../shell/shell-words.ts';
import { chooseSite, useSites } from '../shell/sites.ts';

/** Which site the screen shows. A clinic with one site has nothing to choose. */
export function SiteSwitch() {
  const words = useWords(shellWords);
  const { sites, siteId } = useSites();
  if (sites.length < 2) return null;
  return (
    <label class="site">
      <span class="unseen">{words.site}</span>
      <select name="site" value={siteId} onChange={(event) => chooseSite(event.currentTarget.value)}>
        {sites.map((site) => (
          <option key={site.siteId} value={site.siteId}>
            {site.name}
          </option>
        ))}
      </select>
    </label>
  );
}
