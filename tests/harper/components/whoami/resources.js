// SPDX-License-Identifier: ISC
// A Harper application that tells which Harper it runs in: GET /WhoAmI.
export class WhoAmI extends Resource {
	get() {
		return { home: process.env.HOME, pid: process.pid };
	}
}
