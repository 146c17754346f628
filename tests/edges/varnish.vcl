vcl 4.1;

import xkey;

backend default {
    .host = "127.0.0.1";
    .port = "@SITE@";
}

acl purgers {
    "127.0.0.1";
}

sub vcl_recv {
    if (req.method == "PURGE") {
        if (client.ip !~ purgers) {
            return (synth(403));
        }
        # By tag where tags are named, and else by URL. A soft purge makes stale what it finds.
        if (req.http.xkey-purge) {
            set req.http.purged = xkey.purge(req.http.xkey-purge);
            return (synth(200, req.http.purged));
        }
        if (req.http.xkey-softpurge) {
            set req.http.purged = xkey.softpurge(req.http.xkey-softpurge);
            return (synth(200, req.http.purged));
        }
        return (purge);
    }
}

sub vcl_deliver {
    # It is for this cache alone.
    unset resp.http.xkey;
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "MISS";
    }
}
