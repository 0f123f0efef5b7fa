/** The service worker: the till's shell without a network. */
import { keepShell } from '../offline.js';

keepShell('till');
