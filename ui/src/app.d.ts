/// <reference types="@sveltejs/kit" />

/** Whether a made-up fleet may stand in for a missing desktop face; set by the build, false in production. */
declare const __FIXTURE_ALLOWED__: boolean;
