// Package config reads rollcall.yaml: it turns the text into plain typed values,
// fills in defaults and secrets, and says of everything wrong where it stands
// and what was meant. All that can be found wrong in one reading is reported
// together.
//
// It opens nothing but the configuration and the secret files that it names.
// Whether a server answers, a filter parses or an expression compiles is found
// by those who use them; Config.Explain gives their errors a place in the file.
//
// # The file
//
// Defaults stand in parentheses; a relative path starts at the file's folder.
//
//	store: rollcall.db          # or postgres://…             (rollcall.db)
//	model: model                # folder of class declarations (model)
//	serve:
//	  listen: 127.0.0.1:8080
//	  root: /itop               # a path before every page (none)
//	  url: https://…            # where others find it (as they ask)
//	  tls: {cert, key}          # (plain HTTP, on loopback alone)
//	  plain_http: false         # plain HTTP elsewhere too
//	  proxies: [10.0.0.1, …]    # web servers in front whose X-Forwarded-For counts
//	  metrics_from: [10.0.0.0/8, …]  # who may read /metrics (loopback)
//	  allowed_login_types: form|external|basic  # or a list; url, token
//	  external_header: X-Remote-User  # in which a proxy gives the login
//	  secure_rest_services: true
//	  allow_rest_services_via_tokens: false
//	  log_rest_service: false
//	  show_obsolete_data: false
//	  secure_connection_required: false
//	  param_files: DIR          # parameter files that requests may name (none)
//	  csv_file_default_charset: ISO-8859-1
//	  maintenance: FILE         # while it exists, pages say that they are under maintenance (none)
//	  cron_max_execution_time: 10m  # how long a call of cron.php goes on
//	  cron_sleep: 2s            # between two looks at its tasks
//	  sign_in:
//	    directory: NAME         # of accounts that name none (the only one)
//	    login: [uid, …]         # (what the sources of accounts say)
//	    filter: (…)             # further conditions
//	    remember: 5m            # how long a password is not proved again; 0: every time
//	    providers: [local, NAME, …]  # who may sign in, asked in this order (everybody)
//	    import: false           # the first sign-in makes the account
//	    refresh: false          # every sign-in brings the account up to date
//	    members_only: false     # only whom a binding gives something, where bindings give
//	    tries: 4                # wrong passwords that a directory is asked about for one account
//	    within: 30m
//	  limits: {body: 1GiB, field: 32MiB, spool: 4GiB, connections: 1000, slow: 30s, rate: 4KiB, stop: 30s}
//	  operations:               # of rest.php
//	    acme/leavers: {description, provider, query: SELECT …, parameters: [since], url, profiles: [NAME]}
//	traces:                     # told to an OpenTelemetry collector (nobody)
//	  url: https://…            # OTLP over HTTP; the path is /v1/traces unless given
//	  headers: {NAME: VALUE}
//	  ca: FILE                  # (the system's roots)
//	  share: 1                  # of the traces that begin here
//	directories:
//	  NAME:
//	    url: ldaps://…          # or a list, tried in order; ldap, ldaps, ldapi
//	    type: openldap          # active-directory, samba, openldap, 389ds, generic (ask the server)
//	    bind:                   # (anonymous)
//	      method: simple        # anonymous, simple, ntlm, kerberos, external (by what is given)
//	      dn: …                 # or user: a DN, a UPN, DOMAIN\user, a principal
//	      password: ${env:X}    # ${file:PATH}, ${cred:NAME}
//	      keytab, ccache, realm, krb5_conf
//	    base: DC=x              # or a list, for sources that name none
//	    tls: {ca, cert, key, server_name, skip_verify: false}
//	    starttls: false
//	    timeouts: {connect: 10s, idle: 60s, search: 0}  # of a page, 0 for the server's own
//	    page_size: 1000         # -1 to read without pages (1000)
//	    referrals: report       # follow (report)
//	sources:                    # in this order
//	  NAME:
//	    class: Person
//	    directory: NAME         # or one of:
//	    csv: {file|url, separator: ";", encoding: UTF-8, columns: [NAME, …], unended: false}
//	    json: {file|url, path: items, post: TEXT}  # url: also user, password, headers, timeout: 2m
//	    sql: {dsn: postgres://…, user, password, query: SELECT …}
//	    ldif: {file, files: false}
//	    inline: {KEY: {FIELD: TEXT, …}, …}
//	    base: …                 # or a list (the directory's)
//	    scope: sub              # base, one, sub (sub)
//	    filter: (…)             # ((objectClass=*))
//	    key: objectGUID         # never a DN
//	    groups: {base: …, scope: sub, filter: …, nested: true}
//	    sentinels: [DN, …]      # a read that does not see them is not complete
//	    attributes:
//	      CODE: FIELD           # short for {from: FIELD}
//	      CODE:
//	        from: FIELD         # or value: TEXT, or expr: EXPRESSION, or default alone
//	        default: TEXT       # when nothing came of it
//	        all: false          # all values, joined by separator (", ")
//	        lookup: {PATTERN: TEXT, …}  # or [{match, to}, …]; the first match wins; $1
//	        on_miss: keep       # keep, empty, error (keep)
//	        by: name            # of a reference: the target's attribute; dn, id, friendlyname
//	        source: NAME        # by dn: whose entry is meant (this source)
//	        reconcile: false    # part of the join rule
//	        required: false     # an entry without a value is told as a problem; the attribute stays as it is
//	        blank: clear        # keep: a blank value leaves the attribute as it is (the source's)
//	        update: locked      # locked, unlocked, if_empty, false (the update section's)
//	        separators: {item: "|", attribute: ";", value: ":", qualifier: "'"}
//	    profiles: {pattern: '^CN=itop-([^,]+),', default: Portal user}
//	    join: attributes        # id: the key is the object's ID (attributes)
//	    on: {none: create, one: update, many: error}
//	    update: {default: locked, CODE: unlocked, …}
//	    blank: clear            # keep: no blank value clears an attribute (clear)
//	    gone:                   # (nothing happens, with a warning)
//	      after: 7d
//	      then: update          # ignore, delete, update, update_then_delete
//	      set: {CODE: TEXT, …}
//	      delete_after: 90d     # makes update_then_delete of update
//	    limits: {gone: 10%, changed: none, new: none}
//	    description, user, notify, url_icon, url_application, table
//	    status: implementation  # production, obsolete
//	    user_delete: nobody     # administrators, everybody
//
// ${env:NAME} and ${file:PATH} stand for their text in every value but patterns,
// expressions, keys and the names of fields; $${ takes the meaning away. Patterns
// are RE2; those of profiles ignore case and may be written /pattern/flags.
package config
