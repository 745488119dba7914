import { languages, switchLanguage, useLanguage, useWords } from '../language/language.ts';
import { shellWords } from '../shell/shell-words.ts';

export function LanguageSwitch() {
  const words = useWords(shellWords);
  const current = useLanguage();
  return (
    <div class="languages" role="group" aria-label={words.language}>
      {languages.map((language) => (
        <button
          key={language}
          type="button"
          class="quiet"
          lang={language}
          aria-pressed={language === current}
          onClick={() => switchLanguage(language)}
        >
          {language.toUpperCase()}
          <span class="unseen">{words.languageNames[language]}</span>
        </button>
      ))}
    </div>
  );
}
