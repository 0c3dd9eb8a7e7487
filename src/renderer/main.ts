import { mount } from 'svelte'
import './theme/tokens.css'
import './theme/base.css'
import { connect } from './api/connect.ts'
import App from './app/App.svelte'

const client = await connect()
mount(App, { target: document.getElementById('app')!, props: { client } })
