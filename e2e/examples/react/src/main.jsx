import { register } from '@teamhanko/hanko-elements';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.jsx';
import { API } from './hanko.js';

register(API).catch((problem) => console.error('the elements cannot be used', problem));

createRoot(document.getElementById('root')).render(<StrictMode><App /></StrictMode>);
