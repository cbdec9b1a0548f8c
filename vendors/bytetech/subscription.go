package bytetech

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/farmacyfoods/pointofsale/pos"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// Keep returns the standing order for callbacks to a URL with the events that
// the profile maps to jobs. A subscription that is gone is made anew, one that
// was disabled is enabled. The vendor shows the secret of a new subscription
// once: the webhook accepts it from then on, and the store keeps it, so that
// the next process finds it there.
func (p *Provider) Keep(hook *Webhook, url string) pos.Subscription {
	return &kept{p: p, hook: hook, url: url}
}

type kept struct {
	p    *Provider
	hook *Webhook
	url  string
}

// Ensure implements [pos.Subscription].
func (k *kept) Ensure(ctx context.Context) (restored bool, err error) {
	if k.p.client == nil || !k.p.profile.Features.Webhooks {
		return false, pos.Unsupported(Vendor, "Ensure", "the profile does not confirm webhooks", "polling")
	}
	id, enabled, err := k.find(ctx)
	switch {
	case err != nil:
		return false, err
	case id == "":
		return true, k.create(ctx)
	}
	if err := k.recall(ctx); err != nil || enabled {
		return false, err
	}
	body := map[string]any{k.p.profile.Fields.Subscription.Enabled.String(): true}
	r := kit.Request{Op: opUpdateWebhook, Method: http.MethodPatch, Path: k.p.profile.path("webhook", id), Repeatable: true}
	return true, k.p.send(ctx, r, body, nil, nil)
}

// find returns the subscription for the URL, "" if there is none.
func (k *kept) find(ctx context.Context) (id string, enabled bool, err error) {
	f := k.p.profile.Fields.Subscription
	err = k.p.all(ctx, list{op: opListWebhooks, path: k.p.profile.path("webhooks")}, k.p.profile.shapes.subscription, func(o *object) error {
		if o.text(f.URL) == k.url && !enabled {
			id = o.text(f.ID)
			on, told := o.flag(f.Enabled)
			enabled = on || !told
		}
		return nil
	})
	return id, enabled, err
}

// create makes the subscription. Without an idempotency key a lost answer may
// leave a second one behind, whose callbacks fail verification; the vendor
// disables it then.
func (k *kept) create(ctx context.Context) error {
	f := k.p.profile.Fields.Subscription
	events := sortedKeys(k.p.profile.Webhook.Events)
	slices.Sort(events)
	r := kit.Request{Op: opCreateWebhook, Method: http.MethodPost, Path: k.p.profile.path("webhooks")}
	var o object
	if err := k.p.send(ctx, r, map[string]any{f.URL.String(): k.url, f.Types.String(): events}, k.p.profile.shapes.subscription, &o); err != nil {
		return err
	}
	secret := pos.NewSecret(o.text(f.Secret))
	if err := k.hook.Accept(secret); err != nil {
		return protocol(opCreateWebhook, errors.New("bytetech: the new subscription came without a secret"))
	}
	return k.remember(ctx, secret)
}

func (k *kept) remember(ctx context.Context, secret pos.Secret) error {
	key := k.p.storeKey("webhook", k.url)
	for {
		_, revision, err := k.p.opts.Store.Get(ctx, key)
		if err != nil && !errors.Is(err, pos.ErrNotFound) {
			return err
		}
		if _, err = k.p.opts.Store.Put(ctx, key, []byte(secret.Reveal()), revision); !errors.Is(err, pos.ErrConflict) {
			return err
		}
	}
}

// recall accepts the secret that an earlier process was shown.
func (k *kept) recall(ctx context.Context) error {
	secret, _, err := k.p.opts.Store.Get(ctx, k.p.storeKey("webhook", k.url))
	switch {
	case errors.Is(err, pos.ErrNotFound):
		return nil // made by hand: the host configured the secret
	case err != nil:
		return err
	}
	return k.hook.Accept(pos.NewSecret(string(secret)))
}
