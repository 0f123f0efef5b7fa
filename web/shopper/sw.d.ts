/** Put in by the build: the files of the shell, and a name for just these. */
declare const SHELL: string[];
declare const VERSION: string;
