/** Stylesheets that a screen brings along; the build makes a file of their own of them. */
declare module '*.css';
