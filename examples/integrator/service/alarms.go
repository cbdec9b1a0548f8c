package service

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/farmacyfoods/pointofsale/events"
	"github.com/farmacyfoods/pointofsale/vendors/kit"
)

// waitingAlarms bounds the alarms that wait to be published.
const waitingAlarms = 64

// Options are those of one account's provider: traced, measured, with tokens
// and id maps on the stream, and with alarms for what the vendor announces. The
// caller fills the account in before the provider is used.
func (s *Service) Options(account *events.Origin) *kit.Options {
	observer := s.Telemetry.vendor()
	measureToken, measureDeprecated := observer.Token, observer.Deprecated
	observer.Token = func(i kit.TokenInfo) {
		measureToken(i)
		if i.Event == kit.TokenExpiring {
			s.alarm(events.NewAlarm(events.TypeTokenExpiring, *account, i.Expires.UTC().Format(time.RFC3339), time.Now(),
				events.Alarm{Detail: "the authorization ends: somebody must authorize the account again", Until: i.Expires}))
		}
	}
	observer.Deprecated = func(i kit.DeprecationInfo) {
		measureDeprecated(i)
		detail := strings.TrimSpace(fmt.Sprintf("%s is deprecated %s %s", i.Op, i.Reason, i.Link))
		s.alarm(events.NewAlarm(events.TypeAPIDeprecated, *account, i.Op+" "+i.Sunset.UTC().Format(time.RFC3339), time.Now(),
			events.Alarm{Detail: detail, Until: i.Sunset}))
	}
	return &kit.Options{HTTPClient: s.client, Logger: s.Log, Observer: observer, Store: s.Stream.Store(), UserAgent: s.Name}
}

// alarm leaves an event to be published; observers must not wait.
func (s *Service) alarm(e events.Event) {
	select {
	case s.alarms <- e:
	default:
		s.Log.Error("too many alarms: one is not published", "type", e.Type)
	}
}

// publishAlarms publishes what observers heard until ctx ends. The events of all
// replicas have the same ids.
func (s *Service) publishAlarms(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-s.alarms:
			if err := s.Stream.Publish(ctx, e); err != nil && ctx.Err() == nil {
				s.Log.Error("alarm not published", "type", e.Type, "error", err)
			}
		}
	}
}
