/** The service worker: the shell of the owner's page is there at once, however slow the line is. */
import { keepShell } from '../offline.js';

keepShell('shop');
